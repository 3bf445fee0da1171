/* SPDX-License-Identifier: BSD-3-Clause */
/* Spectra's implicitly restarted Lanczos, on Eigen. */
#include "lanczos_peers.h"
#include <Eigen/Core>
#include <Spectra/SymEigsSolver.h>
#include <cstring>
#include <exception>

namespace {

class Product {
public:
    using Scalar = double;
    explicit Product(bench_operator *a) : a_(a) {}
    Eigen::Index rows() const { return a_->n; }
    Eigen::Index cols() const { return a_->n; }
    void perform_op(const double *x, double *y) const { bench_operator_apply(a_, x, y); }

private:
    bench_operator *a_;
};

} // namespace

extern "C" int bench_spectra(bench_operator *a, double tol, const double *start, double *theta, double *v)
{
    try {
        Product product(a);
        Spectra::SymEigsSolver<Product> solver(product, 1, BENCH_NCV);
        solver.init(start);
        solver.compute(Spectra::SortRule::SmallestAlge, 100000, tol, Spectra::SortRule::SmallestAlge);
        if (solver.info() != Spectra::CompInfo::Successful) {
            return 1;
        }
        *theta = solver.eigenvalues()(0);
        const Eigen::MatrixXd vectors = solver.eigenvectors(1);
        std::memcpy(v, vectors.data(), static_cast<std::size_t>(a->n) * sizeof(double));
        return 0;
    } catch (const std::exception &) {
        return 1;
    }
}
