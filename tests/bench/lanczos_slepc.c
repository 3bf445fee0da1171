/* SPDX-License-Identifier: BSD-3-Clause */
/* SLEPc's Krylov-Schur, which is Lanczos with thick restarts where the operator is symmetric. Everything is
 * of this process alone, which MPI allows without mpirun. */
#include "lanczos_peers.h"
#include <slepceps.h>
#include <stdlib.h>

enum { RESTARTS = 100000 };

int bench_slepc_begin(void)
{
    /* Open MPI would start a daemon beside a program that runs without mpirun. */
    (void)setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    return SlepcInitializeNoArguments() == 0 ? 0 : 1;
}

void bench_slepc_end(void)
{
    (void)!SlepcFinalize();
}

static PetscErrorCode multiply(Mat m, Vec x, Vec y)
{
    struct bench_operator *a = NULL;
    const PetscScalar *from = NULL;
    PetscScalar *to = NULL;
    PetscErrorCode e = MatShellGetContext(m, &a);
    e = e ? e : VecGetArrayRead(x, &from);
    e = e ? e : VecGetArrayWrite(y, &to);
    if (e) {
        return e;
    }
    bench_operator_apply(a, from, to);
    e = VecRestoreArrayRead(x, &from);
    return e ? e : VecRestoreArrayWrite(y, &to);
}

/* The residual is compared with the tolerance as it is, so that no shift is needed. */
static PetscErrorCode set_up(EPS s, Mat m, double residual, Vec start)
{
    PetscErrorCode e = EPSSetOperators(s, m, NULL);
    e = e ? e : EPSSetProblemType(s, EPS_HEP);
    e = e ? e : EPSSetType(s, EPSKRYLOVSCHUR);
    e = e ? e : EPSSetWhichEigenpairs(s, EPS_SMALLEST_REAL);
    e = e ? e : EPSSetDimensions(s, 1, BENCH_NCV, PETSC_DEFAULT);
    e = e ? e : EPSSetConvergenceTest(s, EPS_CONV_ABS);
    e = e ? e : EPSSetTolerances(s, residual, RESTARTS);
    return e ? e : EPSSetInitialSpace(s, 1, &start);
}

int bench_slepc(struct bench_operator *a, double residual, const double *start, double *theta, double *v)
{
    const PetscInt n = (PetscInt)a->n;
    Mat m = NULL;
    Vec from = NULL, to = NULL;
    EPS s = NULL;
    PetscInt found = 0;
    PetscErrorCode e = MatCreateShell(PETSC_COMM_SELF, n, n, n, n, a, &m);
    e = e ? e : MatShellSetOperation(m, MATOP_MULT, (void (*)(void))multiply);
    e = e ? e : VecCreateSeqWithArray(PETSC_COMM_SELF, 1, n, start, &from);
    e = e ? e : VecCreateSeqWithArray(PETSC_COMM_SELF, 1, n, v, &to);
    e = e ? e : EPSCreate(PETSC_COMM_SELF, &s);
    e = e ? e : set_up(s, m, residual, from);
    e = e ? e : EPSSolve(s);
    e = e ? e : EPSGetConverged(s, &found);
    if (!e && found > 0) {
        e = EPSGetEigenpair(s, 0, theta, NULL, to, NULL);
    }
    const int freed = !EPSDestroy(&s) && !VecDestroy(&to) && !VecDestroy(&from) && !MatDestroy(&m);
    return !e && found > 0 && freed ? 0 : 1;
}
