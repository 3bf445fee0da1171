! SPDX-License-Identifier: BSD-3-Clause
! libsaddle from Fortran 2018, by iso_c_binding. escape.f90 shows how it is used.
!
! Samples and entries count from 0 in the library: batch index k is sample index(k) + 1 of a Fortran array.
! Where a pointer may be NULL it is a type(c_ptr): pass c_null_ptr or c_loc(x) of a target.
! A callback is a function with bind(c); what it needs comes as user, a pointer that c_f_pointer turns back. It must not stop the program.
module saddle
    use, intrinsic :: iso_c_binding
    implicit none
    public

    integer(c_int), parameter :: SADDLE_OK = 0, SADDLE_E_ARGUMENT = -1, SADDLE_E_RANGE = -2, SADDLE_E_MEMORY = -3, &
        SADDLE_E_OVERFLOW = -4, SADDLE_E_CALLBACK = -5, SADDLE_E_NOT_FINITE = -6, SADDLE_E_MISSING = -7, SADDLE_E_STATE = -8, &
        SADDLE_E_IO = -9, SADDLE_E_FORMAT = -10, SADDLE_E_MISMATCH = -11, SADDLE_E_COMM = -12, SADDLE_E_LINALG = -13, &
        SADDLE_E_UNSUPPORTED = -14, SADDLE_E_STRUCT_SIZE = -15
    integer(c_int64_t), parameter :: SADDLE_STOP_NONE = 0, SADDLE_STOP_STEPS = 1, SADDLE_STOP_EPOCHS = 2, SADDLE_STOP_SECONDS = 3, &
        SADDLE_STOP_VALUE = 4, SADDLE_STOP_GRADIENT = 5, SADDLE_STOP_SECOND_ORDER = 6, SADDLE_STOP_METHOD = 7, &
        SADDLE_STOP_MONITOR = 8, SADDLE_STOP_REQUEST = 9, SADDLE_STOP_DIVERGED = 10
    integer(c_int64_t), parameter :: SADDLE_KIND_UNKNOWN = 0, SADDLE_KIND_NOT_STATIONARY = 1, SADDLE_KIND_FIRST_ORDER = 2, &
        SADDLE_KIND_STRICT_SADDLE = 3, SADDLE_KIND_SECOND_ORDER = 4
    integer(c_int), parameter :: SADDLE_METHOD_GD = 1, SADDLE_METHOD_SGD = 2, SADDLE_METHOD_SGD_GD = 3, SADDLE_METHOD_PGD = 4, &
        SADDLE_METHOD_NGD = 5, SADDLE_METHOD_PSGD = 6, SADDLE_METHOD_SGLD = 7
    integer(c_int64_t), parameter :: SADDLE_STREAM = -1

    type, bind(c) :: saddle_batch
        integer(c_int64_t) :: struct_size, count, first
        type(c_ptr) :: index
        integer(c_int64_t) :: dim, offset, step, point, thread
    end type

    type, bind(c) :: saddle_event
        integer(c_int64_t) :: struct_size, step, perturbations, escaping, gradient_samples
        real(c_double) :: epoch, value, gradient_norm, step_norm, lambda_min, seconds, fraction
        integer(c_int64_t) :: dim
        type(c_ptr) :: w
        integer(c_int64_t) :: stop
        real(c_double) :: step_size
    end type

    ! Results: struct_size has to be set to c_sizeof() of the variable first.
    type, bind(c) :: saddle_result
        integer(c_int64_t) :: struct_size, stop, kind, steps, perturbations, callback_code
        integer(c_int64_t) :: value_samples, gradient_samples, hessvec_samples, slopes_samples
        real(c_double) :: value, gradient_norm, lambda_min, seconds, lambda_lower, step_size
    end type

    type, bind(c) :: saddle_eigen
        integer(c_int64_t) :: struct_size
        real(c_double) :: value, residual, lower, upper
        integer(c_int64_t) :: products, converged, invariant
    end type

    type, bind(c) :: saddle_certificate
        integer(c_int64_t) :: struct_size, kind
        real(c_double) :: gradient_norm, eps_gradient, eps_hessian, delta, lambda_min, lambda_lower, lambda_upper, residual
        integer(c_int64_t) :: products
    end type

    abstract interface
        integer(c_int) function saddle_value_fn(user, b, w, value) bind(c)
            import
            type(c_ptr), value :: user
            type(saddle_batch), intent(in) :: b
            real(c_double), intent(in) :: w(*)
            real(c_double), intent(out) :: value
        end function
        integer(c_int) function saddle_gradient_fn(user, b, w, gradient) bind(c)
            import
            type(c_ptr), value :: user
            type(saddle_batch), intent(in) :: b
            real(c_double), intent(in) :: w(*)
            real(c_double), intent(inout) :: gradient(*)
        end function
        integer(c_int) function saddle_hessvec_fn(user, b, w, v, product) bind(c)
            import
            type(c_ptr), value :: user
            type(saddle_batch), intent(in) :: b
            real(c_double), intent(in) :: w(*), v(*)
            real(c_double), intent(inout) :: product(*)
        end function
        integer(c_int) function saddle_monitor_fn(user, e) bind(c)
            import
            type(c_ptr), value :: user
            type(saddle_event), intent(in) :: e
        end function
    end interface

    interface
        integer(c_int32_t) function saddle_version() bind(c)
            import
        end function
        type(c_ptr) function saddle_error_message() bind(c)
            import
        end function
        type(c_ptr) function saddle_status_name(s) bind(c)
            import
            integer(c_int), value :: s
        end function
        type(c_ptr) function saddle_kind_name(k) bind(c)
            import
            integer(c_int64_t), value :: k
        end function
        type(c_ptr) function saddle_method_name(m) bind(c)
            import
            integer(c_int), value :: m
        end function

        integer(c_int) function saddle_context_create(a, out) bind(c)
            import
            type(c_ptr), value :: a
            type(c_ptr), intent(inout) :: out
        end function
        subroutine saddle_context_destroy(c) bind(c)
            import
            type(c_ptr), value :: c
        end subroutine
        integer(c_int) function saddle_context_set_threads(c, threads) bind(c)
            import
            type(c_ptr), value :: c
            integer(c_int64_t), value :: threads
        end function

        integer(c_int) function saddle_objective_create(c, dim, samples, user, out) bind(c)
            import
            type(c_ptr), value :: c, user
            integer(c_int64_t), value :: dim, samples
            type(c_ptr), intent(inout) :: out
        end function
        subroutine saddle_objective_destroy(f) bind(c)
            import
            type(c_ptr), value :: f
        end subroutine
        integer(c_int) function saddle_objective_set_value(f, fn) bind(c)
            import
            type(c_ptr), value :: f
            type(c_funptr), value :: fn ! c_funloc() of a saddle_value_fn; so are the others
        end function
        integer(c_int) function saddle_objective_set_gradient(f, fn) bind(c)
            import
            type(c_ptr), value :: f
            type(c_funptr), value :: fn
        end function
        integer(c_int) function saddle_objective_set_hessvec(f, fn) bind(c)
            import
            type(c_ptr), value :: f
            type(c_funptr), value :: fn
        end function
        integer(c_int) function saddle_objective_value(f, w, value) bind(c)
            import
            type(c_ptr), value :: f
            real(c_double), intent(in) :: w(*)
            real(c_double), intent(inout) :: value
        end function

        integer(c_int) function saddle_options_create(c, out) bind(c)
            import
            type(c_ptr), value :: c
            type(c_ptr), intent(inout) :: out
        end function
        subroutine saddle_options_destroy(o) bind(c)
            import
            type(c_ptr), value :: o
        end subroutine
        integer(c_int) function saddle_options_set_text(o, name, text) bind(c)
            import
            type(c_ptr), value :: o
            character(kind=c_char), intent(in) :: name(*), text(*) ! each ends with c_null_char
        end function

        integer(c_int) function saddle_solver_create(f, m, o, w, out) bind(c)
            import
            type(c_ptr), value :: f, o, w ! w: c_loc() of a target, which the solver changes until it is destroyed
            integer(c_int), value :: m
            type(c_ptr), intent(inout) :: out
        end function
        subroutine saddle_solver_destroy(s) bind(c)
            import
            type(c_ptr), value :: s
        end subroutine
        integer(c_int) function saddle_solver_set_monitor(s, fn, user) bind(c)
            import
            type(c_ptr), value :: s, user
            type(c_funptr), value :: fn
        end function
        integer(c_int) function saddle_solver_step(s, steps) bind(c)
            import
            type(c_ptr), value :: s
            integer(c_int64_t), value :: steps
        end function
        integer(c_int) function saddle_solver_run(s) bind(c)
            import
            type(c_ptr), value :: s
        end function
        integer(c_int) function saddle_solver_save(s, path) bind(c)
            import
            type(c_ptr), value :: s
            character(kind=c_char), intent(in) :: path(*) ! ends with c_null_char
        end function
        integer(c_int) function saddle_solver_load(s, path) bind(c)
            import
            type(c_ptr), value :: s
            character(kind=c_char), intent(in) :: path(*)
        end function
        subroutine saddle_solver_request_stop(s) bind(c)
            import
            type(c_ptr), value :: s
        end subroutine
        integer(c_int) function saddle_solver_result(s, out) bind(c)
            import
            type(c_ptr), value :: s
            type(saddle_result), intent(inout) :: out
        end function
        integer(c_int) function saddle_minimize(f, m, o, w, out) bind(c)
            import
            type(c_ptr), value :: f, o
            integer(c_int), value :: m
            real(c_double), intent(inout) :: w(*)
            type(saddle_result), intent(inout) :: out
        end function

        integer(c_int) function saddle_lambda_min(f, w, o, v, out) bind(c)
            import
            type(c_ptr), value :: f, o, v
            real(c_double), intent(in) :: w(*)
            type(saddle_eigen), intent(inout) :: out
        end function
        integer(c_int) function saddle_certify(f, w, o, v, out) bind(c)
            import
            type(c_ptr), value :: f, o, v
            real(c_double), intent(in) :: w(*)
            type(saddle_certificate), intent(inout) :: out
        end function

        integer(c_size_t) function c_strlen(s) bind(c, name='strlen')
            import
            type(c_ptr), value :: s
        end function
    end interface

contains

    ! A string of the library as one of Fortran; '' for NULL.
    function saddle_text(s) result(text)
        type(c_ptr), intent(in) :: s
        character(len=:), allocatable :: text
        character(kind=c_char), pointer :: letters(:)
        integer :: i
        text = ''
        if (c_associated(s)) then
            call c_f_pointer(s, letters, [c_strlen(s)])
            text = repeat(' ', size(letters))
            do i = 1, size(letters)
                text(i:i) = letters(i)
            end do
        end if
    end function

    ! Sets an option by name and word, as in docs/options.md. Once s is not SADDLE_OK nothing more is done.
    subroutine saddle_set(o, name, word, s)
        type(c_ptr), intent(in) :: o
        character(len=*), intent(in) :: name, word
        integer(c_int), intent(inout) :: s
        if (s == SADDLE_OK) s = saddle_options_set_text(o, name//c_null_char, word//c_null_char)
    end subroutine
end module
