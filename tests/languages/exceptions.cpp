// SPDX-License-Identifier: BSD-3-Clause
// What examples/cpp/saddle.hpp promises: whatever a callback throws comes out of run(), in the calling thread and as the object that it was,
// destructors run, w is the last accepted iterate, and the run can go on to the bits of one that nothing disturbed.
#include "saddle.hpp"
#include <atomic>
#include <cstdio>
#include <cstring>

namespace {

int failed = 0;

void expect(bool good, const char *what, int line)
{
    if (!good) {
        std::fprintf(stderr, "line %d: %s\n", line, what);
        failed++;
    }
}
#define EXPECT(condition) expect(condition, #condition, __LINE__)

struct surprise { // no std::exception
    int code;
};

std::atomic<int> alive{0}; // objects on the way of an exception
struct guest {
    guest() { alive++; }
    ~guest() { alive--; }
    guest(const guest &) = delete;
    guest &operator=(const guest &) = delete;
};

enum { DIM = 3, SAMPLES = 40 };

struct plan {
    std::int64_t step; // throws in this step, once, in the grain of this sample
    std::int64_t sample;
    bool done;
};

std::mutex lock;

// f_z(w) = sum_j w_j^4/4 - w_j^2/2 + tilt_zj w_j
void gradient(plan &p, const saddle_batch &b, const double *w, double *g)
{
    const guest one;
    {
        const std::lock_guard<std::mutex> hold(lock); // the exception leaves with it held
        if (b.step == p.step && b.index[0] >= p.sample && !p.done) {
            p.done = true;
            throw surprise{7};
        }
    }
    for (int j = 0; j < DIM; j++) {
        double tilt = 0.0;
        for (std::int64_t k = 0; k < b.count; k++) {
            tilt += 0.02 * static_cast<double>((b.index[k] * 7 + j * 13) % 11 - 5);
        }
        g[j] = w[j] * w[j] * w[j] - w[j] + tilt / static_cast<double>(b.count);
    }
}

std::vector<double> run(saddle_method m, std::int64_t threads, plan p, bool expected)
{
    saddle::context c(threads);
    saddle::objective f(DIM, SAMPLES, &c);
    f.grain(5).gradient([&p](const saddle_batch &b, const double *w, double *g) { gradient(p, b, w, g); });
    saddle::options o;
    o.set("step_size", "0.1").set("max_steps", "20").set("noise", "0.1").set("escape_step", "0.2").set("gradient_threshold", "0.5");
    o.set("escape_steps", "5");
    std::vector<double> w = {0.05, -0.03, 0.01};
    saddle::solver s(f, m, o, w);
    bool caught = false;
    try {
        s.run();
    } catch (const surprise &x) {
        caught = true;
        EXPECT(x.code == 7);
        EXPECT(s.result().steps == p.step - 1);
        EXPECT(s.result().callback_code == saddle::thrown);
        EXPECT(s.run().steps == 20);
    }
    EXPECT(caught == expected);
    EXPECT(alive == 0);
    return w;
}

void from_gradients()
{
    static const saddle_method methods[] = {SADDLE_METHOD_GD, SADDLE_METHOD_SGD, SADDLE_METHOD_SGD_GD, SADDLE_METHOD_NGD, SADDLE_METHOD_PSGD};
    for (const saddle_method m : methods) {
        const std::vector<double> expected = run(m, 1, plan{-5, 0, false}, false);
        for (std::int64_t threads = 1; threads <= 3; threads++) {
            for (std::int64_t step = 1; step <= 20; step += 3) {
                const std::vector<double> w = run(m, threads, plan{step, 0, false}, true);
                EXPECT(std::memcmp(w.data(), expected.data(), sizeof(double) * DIM) == 0);
            }
        }
    }
    const std::vector<double> expected = run(SADDLE_METHOD_GD, 1, plan{-5, 0, false}, false);
    const std::vector<double> w = run(SADDLE_METHOD_GD, 4, plan{9, 25, false}, true); // in whatever thread has that grain
    EXPECT(std::memcmp(w.data(), expected.data(), sizeof(double) * DIM) == 0);
}

void from_monitors()
{
    saddle::objective f(1, 1);
    saddle::options o;
    std::vector<double> w = {1.0};
    f.gradient([](const saddle_batch &, const double *at, double *g) { g[0] = at[0]; });
    o.set("step_size", "0.5").set("max_steps", "10");
    saddle::solver s(f, SADDLE_METHOD_GD, o, w);
    s.monitor([](const saddle_event &e) -> bool {
        if (e.step == 4) {
            throw std::runtime_error("of the monitor");
        }
        return false;
    });
    try {
        s.run();
        EXPECT(false);
    } catch (const std::runtime_error &e) {
        EXPECT(std::strcmp(e.what(), "of the monitor") == 0);
    }
    EXPECT(w[0] == 0.0625);
    s.monitor([](const saddle_event &e) { return e.step == 6; });
    EXPECT(s.run().stop == SADDLE_STOP_MONITOR);
}

void of_the_library()
{
    try {
        saddle::options().set("step_size", "-1");
        EXPECT(false);
    } catch (const saddle::error &e) {
        EXPECT(e.status() == SADDLE_E_RANGE);
        EXPECT(std::strstr(e.what(), "step_size is -1") != nullptr);
    }
    saddle::objective f(2, 1);
    f.gradient([](const saddle_batch &, const double *, double *) { throw surprise{9}; });
    double value = 0.0;
    const double w[2] = {0.0, 0.0};
    double g[2];
    EXPECT(saddle_objective_gradient(f.get(), w, nullptr, g) == SADDLE_E_CALLBACK);
    EXPECT(saddle_objective_value(f.get(), w, &value) == SADDLE_E_MISSING);
    std::vector<double> short_w = {0.0};
    try {
        saddle::solver(f, SADDLE_METHOD_GD, saddle::options(), short_w);
        EXPECT(false);
    } catch (const std::invalid_argument &) {
    }
}

} // namespace

int main()
{
    from_gradients();
    from_monitors();
    of_the_library();
    return failed == 0 ? 0 : 1;
}
