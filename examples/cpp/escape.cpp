// SPDX-License-Identifier: BSD-3-Clause
// Leaves a saddle, watches a run, and gets an exception out of a callback.
// c++ -std=c++11 escape.cpp $(pkg-config --cflags --libs saddle) -o escape
#include "saddle.hpp"
#include <cmath>
#include <cstdio>

// f_z(w) = x^2/2 + y^4/4 - y^2/2 + noise[z] y: a saddle at (0,0), minima f = -1/4 at (0,-1) and (0,1)
static void gradient(const saddle_batch &b, const double *w, double *g)
{
    static const double noise[4] = {0.5, -0.5, 1.0, -1.0};
    double mean = 0.0;
    for (std::int64_t k = 0; k < b.count; k++) {
        mean += noise[b.index[k]] / static_cast<double>(b.count);
    }
    g[0] = w[0];
    g[1] = w[1] * w[1] * w[1] - w[1] + mean;
}

static saddle::options settings()
{
    saddle::options o;
    o.set("step_size", "0.1").set("max_steps", "500").set("gradient_threshold", "1e-3").set("escape_step", "0.05");
    o.set("escape_steps", "200").set("eps_gradient", "1e-6").set("eps_hessian", "1e-3").set("check_every", "50");
    return o;
}

static void run(saddle::objective &f, saddle_method method)
{
    std::int64_t left = 0;
    std::vector<double> w = {0.0, 0.0}; // exactly the saddle
    saddle::solver s(f, method, settings(), w);
    s.monitor([&](const saddle_event &e) {
        if (std::fabs(e.w[1]) > 0.5 && left == 0) {
            left = e.step;
        }
        return false;
    });
    const saddle_result r = s.run();
    std::printf("%-6s is at (%6.3f,%6.3f) after %lld steps: %s, ", saddle_method_name(method), w[0], w[1], static_cast<long long>(r.steps),
                saddle_kind_name(r.kind));
    if (left != 0) {
        std::printf("left the saddle at step %lld\n", static_cast<long long>(left));
    } else {
        std::printf("never left the saddle\n");
    }
}

static void run_out_of_samples()
{
    std::vector<double> w = {0.5, 0.5};
    saddle::objective f(2, 4);
    f.gradient([](const saddle_batch &b, const double *at, double *g) {
        if (b.step > 10) {
            throw std::out_of_range("the samples are gone");
        }
        gradient(b, at, g);
    });
    saddle::solver s(f, SADDLE_METHOD_GD, settings(), w);
    try {
        s.run();
    } catch (const std::out_of_range &e) {
        std::printf("%s: w = (%6.3f,%6.3f) is that of step %lld\n", e.what(), w[0], w[1], static_cast<long long>(s.result().steps));
    }
}

int main()
{
    try {
        saddle::objective f(2, 4);
        f.gradient(gradient);
        run(f, SADDLE_METHOD_GD);
        run(f, SADDLE_METHOD_SGD_GD);
        run_out_of_samples();
    } catch (const std::exception &e) {
        std::fprintf(stderr, "escape: %s\n", e.what());
        return 1;
    }
    return 0;
}
