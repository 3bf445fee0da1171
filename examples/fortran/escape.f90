! SPDX-License-Identifier: BSD-3-Clause
! Leaves a saddle, watches a run, and ends one from a callback.
! gfortran -std=f2018 saddle.f90 escape.f90 $(pkg-config --libs saddle) -o escape
module escape_model
    use saddle
    implicit none

    ! What the callbacks are given as user.
    type :: samples_t
        real(c_double) :: noise(0:3) = [0.5_c_double, -0.5_c_double, 1.0_c_double, -1.0_c_double]
        integer(c_int64_t) :: last_step = huge(1_c_int64_t) ! no samples after this step
        integer(c_int64_t) :: left = 0 ! the first step away from the saddle
        character(len=:), allocatable :: said ! why a callback gave up
    end type

contains

    ! f_z(w) = x^2/2 + y^4/4 - y^2/2 + noise(z) y: a saddle at (0,0), minima f = -1/4 at (0,-1) and (0,1)
    integer(c_int) function gradient(user, b, w, g) bind(c)
        type(c_ptr), value :: user
        type(saddle_batch), intent(in) :: b
        real(c_double), intent(in) :: w(*)
        real(c_double), intent(inout) :: g(*)
        type(samples_t), pointer :: samples
        integer(c_int64_t), pointer :: index(:)
        call c_f_pointer(user, samples)
        call c_f_pointer(b%index, index, [b%count])
        if (b%step > samples%last_step) then
            samples%said = 'the samples are gone'
            gradient = 42 ! any number but 0 and 1: it comes back in the result
            return
        end if
        g(1) = w(1)
        g(2) = w(2)**3 - w(2) + sum(samples%noise(index)) / real(b%count, c_double)
        gradient = 0
    end function

    integer(c_int) function watch(user, e) bind(c)
        type(c_ptr), value :: user
        type(saddle_event), intent(in) :: e
        type(samples_t), pointer :: samples
        real(c_double), pointer :: w(:)
        call c_f_pointer(user, samples)
        call c_f_pointer(e%w, w, [e%dim])
        if (abs(w(2)) > 0.5_c_double .and. samples%left == 0) samples%left = e%step
        watch = 0
    end function
end module

program escape
    use, intrinsic :: iso_fortran_env, only: error_unit
    use escape_model
    implicit none
    type(samples_t), target :: samples
    type(c_ptr) :: o = c_null_ptr
    integer(c_int) :: s

    s = saddle_options_create(c_null_ptr, o)
    call saddle_set(o, 'step_size', '0.1', s)
    call saddle_set(o, 'max_steps', '500', s)
    call saddle_set(o, 'gradient_threshold', '1e-3', s)
    call saddle_set(o, 'escape_step', '0.05', s)
    call saddle_set(o, 'escape_steps', '200', s)
    call saddle_set(o, 'eps_gradient', '1e-6', s)
    call saddle_set(o, 'eps_hessian', '1e-3', s)
    call saddle_set(o, 'check_every', '50', s)
    if (s == SADDLE_OK) s = run(SADDLE_METHOD_GD, [0.0_c_double, 0.0_c_double]) ! exactly the saddle
    if (s == SADDLE_OK) s = run(SADDLE_METHOD_SGD_GD, [0.0_c_double, 0.0_c_double])
    samples%last_step = 10
    if (s == SADDLE_OK) s = run(SADDLE_METHOD_GD, [0.5_c_double, 0.5_c_double])
    if (s /= SADDLE_OK) write (error_unit, '(2a)') 'escape: ', saddle_text(saddle_error_message())
    call saddle_options_destroy(o)
    if (s /= SADDLE_OK) error stop

contains

    integer(c_int) function run(method, start) result(s)
        integer(c_int), intent(in) :: method
        real(c_double), intent(in) :: start(2)
        real(c_double), target :: w(2)
        type(c_ptr) :: f, solver
        type(saddle_result) :: r
        f = c_null_ptr
        solver = c_null_ptr
        w = start
        samples%left = 0
        r%struct_size = c_sizeof(r)
        s = saddle_objective_create(c_null_ptr, 2_c_int64_t, 4_c_int64_t, c_loc(samples), f)
        if (s == SADDLE_OK) s = saddle_objective_set_gradient(f, c_funloc(gradient))
        if (s == SADDLE_OK) s = saddle_solver_create(f, method, o, c_loc(w), solver)
        if (s == SADDLE_OK) s = saddle_solver_set_monitor(solver, c_funloc(watch), c_loc(samples))
        if (s == SADDLE_OK) then
            s = saddle_solver_run(solver)
            if (s == SADDLE_OK .or. s == SADDLE_E_CALLBACK) then
                if (saddle_solver_result(solver, r) == SADDLE_OK) call tell(method, w, r, s)
            end if
            if (r%callback_code == 42 .and. s == SADDLE_E_CALLBACK) s = SADDLE_OK ! our own code: this was to be shown
        end if
        call saddle_solver_destroy(solver)
        call saddle_objective_destroy(f)
    end function

    subroutine tell(method, w, r, s)
        integer(c_int), intent(in) :: method, s
        real(c_double), intent(in) :: w(2)
        type(saddle_result), intent(in) :: r
        character(len=6) :: name
        name = saddle_text(saddle_method_name(method))
        if (s == SADDLE_E_CALLBACK) then
            print '(2a,f6.3,a,f6.3,a,i0)', samples%said, ': w = (', w(1), ',', w(2), ') is that of step ', r%steps
        else if (samples%left > 0) then
            print '(2a,f6.3,a,f6.3,a,i0,3a,i0)', name, ' is at (', w(1), ',', w(2), ') after ', r%steps, ' steps: ', &
                saddle_text(saddle_kind_name(r%kind)), ', left the saddle at step ', samples%left
        else
            print '(2a,f6.3,a,f6.3,a,i0,3a)', name, ' is at (', w(1), ',', w(2), ') after ', r%steps, ' steps: ', &
                saddle_text(saddle_kind_name(r%kind)), ', never left the saddle'
        end if
    end subroutine
end program
