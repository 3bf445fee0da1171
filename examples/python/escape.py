#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Leaves a saddle, watches a run, and gets an exception out of a callback:  python3 escape.py"""
import saddle

# f_z(w) = x^2/2 + y^4/4 - y^2/2 + NOISE[z] y: a saddle at (0,0), minima f = -1/4 at (0,-1) and (0,1)
NOISE = (0.5, -0.5, 1.0, -1.0)
SETTINGS = dict(step_size=0.1, max_steps=500, gradient_threshold=1e-3, escape_step=0.05, escape_steps=200, eps_gradient=1e-6,
                eps_hessian=1e-3, check_every=50)


def gradient(batch, w, g):
    b = batch[0]
    g[0] = w[0]
    g[1] = w[1] ** 3 - w[1] + sum(NOISE[b.index[k]] for k in range(b.count)) / b.count


def run(objective, method):
    left = []

    def watch(event):
        e = event[0]
        if abs(e.w[1]) > 0.5 and not left:
            left.append(e.step)

    w = saddle.vector([0.0, 0.0])  # exactly the saddle
    with saddle.Solver(objective, method, w, monitor=watch, **SETTINGS) as solver:
        r = solver.run()
        print(f"{method:6} is at ({w[0]:6.3f},{w[1]:6.3f}) after {r.steps} steps: {saddle.lib.saddle_kind_name(r.kind).decode()}, "
              + (f"left the saddle at step {left[0]}" if left else "never left the saddle"))


def gone(batch, w, g):
    if batch[0].step > 10:
        raise LookupError("the samples are gone")
    gradient(batch, w, g)


def main():
    with saddle.Objective(2, 4, gradient=gradient) as f:
        run(f, "gd")
        run(f, "sgd_gd")
    w = saddle.vector([0.5, 0.5])
    with saddle.Objective(2, 4, gradient=gone) as f, saddle.Solver(f, "gd", w, **SETTINGS) as solver:
        try:
            solver.run()
        except LookupError as e:
            print(f"{e.args[0]}: w = ({w[0]:6.3f},{w[1]:6.3f}) is that of step {solver.result().steps}")


if __name__ == "__main__":
    main()
