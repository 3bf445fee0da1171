// SPDX-License-Identifier: BSD-3-Clause
// libsaddle from C++11: objects that give themselves back, statuses as exceptions, and exceptions that do not cross C.
//
// Between a callback and the function that started the run are frames of C. An exception must not unwind them: memory and locks of the
// library would be lost, and it may come out of a thread of the library, where nobody catches it. So what a callback throws is kept as a
// std::exception_ptr, the callback gives up with the code `thrown`, the run ends in order, and check() throws it again. The functions that
// the library calls are noexcept: should something slip through, the program ends there.
#ifndef SADDLE_EXAMPLE_HPP
#define SADDLE_EXAMPLE_HPP
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <saddle/saddle.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace saddle {

enum : int { thrown = -77 }; // what a callback returns that threw; in saddle_result.callback_code

// A status that is not SADDLE_OK, and the library's message.
class error : public std::runtime_error {
public:
    explicit error(saddle_status s) : std::runtime_error(std::string(saddle_status_name(s)) + ": " + saddle_error_message()), status_(s) {}
    saddle_status status() const noexcept { return status_; }

private:
    saddle_status status_;
};

inline void check(saddle_status s)
{
    if (s != SADDLE_OK) {
        throw error(s);
    }
}

// The first thing that was thrown: with several threads callbacks run at the same time.
class kept {
public:
    void keep() noexcept
    {
        const std::lock_guard<std::mutex> hold(lock_);
        if (!first_) {
            first_ = std::current_exception();
        }
    }
    void rethrow()
    {
        std::exception_ptr e;
        {
            const std::lock_guard<std::mutex> hold(lock_);
            e.swap(first_);
        }
        if (e) {
            std::rethrow_exception(e);
        }
    }

private:
    std::mutex lock_;
    std::exception_ptr first_;
};

// What the callbacks do; those that are empty are not set. They may throw.
struct functions {
    std::function<double(const saddle_batch &, const double *w)> value;
    std::function<void(const saddle_batch &, const double *w, double *g)> gradient;
    std::function<void(const saddle_batch &, const double *w, const double *v, double *product)> hessvec;
    kept raised;
};

template <class F> int guard(kept &raised, F f) noexcept
{
    try {
        return f();
    } catch (...) {
        raised.keep();
        return thrown;
    }
}

extern "C" {
inline int saddle_example_value(void *user, const saddle_batch *b, const double *w, double *value) noexcept
{
    functions &f = *static_cast<functions *>(user);
    return guard(f.raised, [&] { return *value = f.value(*b, w), 0; });
}
inline int saddle_example_gradient(void *user, const saddle_batch *b, const double *w, double *g) noexcept
{
    functions &f = *static_cast<functions *>(user);
    return guard(f.raised, [&] { return f.gradient(*b, w, g), 0; });
}
inline int saddle_example_hessvec(void *user, const saddle_batch *b, const double *w, const double *v, double *product) noexcept
{
    functions &f = *static_cast<functions *>(user);
    return guard(f.raised, [&] { return f.hessvec(*b, w, v, product), 0; });
}
}

// What is given back, and how.
struct give_back {
    void operator()(saddle_context *c) const noexcept { saddle_context_destroy(c); }
    void operator()(saddle_options *o) const noexcept { saddle_options_destroy(o); }
    void operator()(saddle_objective *f) const noexcept { saddle_objective_destroy(f); }
    void operator()(saddle_solver *s) const noexcept { saddle_solver_destroy(s); }
};

class context {
public:
    explicit context(std::int64_t threads)
    {
        saddle_context *c = nullptr;
        check(saddle_context_create(nullptr, &c));
        c_.reset(c);
        check(saddle_context_set_threads(c, threads));
    }
    saddle_context *get() const noexcept { return c_.get(); }

private:
    std::unique_ptr<saddle_context, give_back> c_;
};

class options {
public:
    options()
    {
        saddle_options *o = nullptr;
        check(saddle_options_create(nullptr, &o));
        o_.reset(o);
    }
    options &set(const std::string &name, const std::string &value)
    {
        check(saddle_options_set_text(o_.get(), name.c_str(), value.c_str()));
        return *this;
    }
    options &set(saddle_option id, double value)
    {
        check(saddle_options_set_real(o_.get(), id, value));
        return *this;
    }
    const saddle_options *get() const noexcept { return o_.get(); }

private:
    std::unique_ptr<saddle_options, give_back> o_;
};

// Neither copied nor moved: the library has its address.
class objective {
public:
    objective(std::int64_t dim, std::int64_t samples, const context *c = nullptr)
    {
        saddle_objective *f = nullptr;
        check(saddle_objective_create(c != nullptr ? c->get() : nullptr, dim, samples, &functions_, &f));
        f_.reset(f);
    }
    objective(const objective &) = delete;
    objective &operator=(const objective &) = delete;
    objective &value(decltype(functions::value) f)
    {
        functions_.value = std::move(f);
        check(saddle_objective_set_value(f_.get(), saddle_example_value));
        return *this;
    }
    objective &gradient(decltype(functions::gradient) f)
    {
        functions_.gradient = std::move(f);
        check(saddle_objective_set_gradient(f_.get(), saddle_example_gradient));
        return *this;
    }
    objective &hessvec(decltype(functions::hessvec) f)
    {
        functions_.hessvec = std::move(f);
        check(saddle_objective_set_hessvec(f_.get(), saddle_example_hessvec));
        return *this;
    }
    objective &grain(std::int64_t samples)
    {
        check(saddle_objective_set_grain(f_.get(), samples));
        return *this;
    }
    saddle_objective *get() const noexcept { return f_.get(); }
    kept &raised() noexcept { return functions_.raised; }

private:
    functions functions_;
    std::unique_ptr<saddle_objective, give_back> f_;
};

class solver;
extern "C" inline int saddle_example_monitor(void *user, const saddle_event *e) noexcept;

// The objective and w are borrowed. Neither copied nor moved.
class solver {
public:
    solver(objective &f, saddle_method m, const options &o, std::vector<double> &w) : f_(f)
    {
        if (static_cast<std::int64_t>(w.size()) != saddle_objective_dim(f.get())) {
            throw std::invalid_argument("w has another size than the objective");
        }
        saddle_solver *s = nullptr;
        check(saddle_solver_create(f.get(), m, o.get(), w.data(), &s));
        s_.reset(s);
    }
    solver(const solver &) = delete;
    solver &operator=(const solver &) = delete;
    // Returns true to stop. May throw.
    solver &monitor(std::function<bool(const saddle_event &)> f)
    {
        monitor_ = std::move(f);
        check(saddle_solver_set_monitor(s_.get(), saddle_example_monitor, this));
        return *this;
    }
    saddle_result run() { return end(saddle_solver_run(s_.get())); }
    saddle_result step(std::int64_t steps) { return end(saddle_solver_step(s_.get(), steps)); }
    void save(const std::string &path) { check(saddle_solver_save(s_.get(), path.c_str())); } // also from the monitor
    void load(const std::string &path) { check(saddle_solver_load(s_.get(), path.c_str())); } // before the first step
    void request_stop() noexcept { saddle_solver_request_stop(s_.get()); }
    saddle_result result() const
    {
        saddle_result r{};
        r.struct_size = static_cast<std::int64_t>(sizeof r);
        check(saddle_solver_result(s_.get(), &r));
        return r;
    }
    int tell(const saddle_event &e) noexcept
    {
        return guard(f_.raised(), [&] { return monitor_(e) ? 1 : 0; });
    }

private:
    saddle_result end(saddle_status s)
    {
        f_.raised().rethrow(); // it says more than SADDLE_E_CALLBACK
        check(s);
        return result();
    }
    objective &f_;
    std::function<bool(const saddle_event &)> monitor_;
    std::unique_ptr<saddle_solver, give_back> s_;
};

extern "C" inline int saddle_example_monitor(void *user, const saddle_event *e) noexcept
{
    return static_cast<solver *>(user)->tell(*e);
}

} // namespace saddle
#endif
