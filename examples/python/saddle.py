# SPDX-License-Identifier: BSD-3-Clause
"""libsaddle from Python, with ctypes and nothing else. escape.py shows how it is used.

The library is looked for as any other, or is the file that the variable SADDLE_LIBRARY names.

An exception cannot travel through C: ctypes would print it and go on with 0. So each callback here keeps what was raised, gives up
with the code RAISED, which ends the run, and the exception is raised again where the run was started."""
import contextlib
import ctypes
import ctypes.util
import os
import signal
import threading
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

STREAM = -1   # of samples: without end
RAISED = -77  # what a callback returns that raised; in result().callback_code


class Sized(ctypes.Structure):
    """A struct that says its size first, as the library asks."""

    def __init__(self):
        super().__init__()
        self.struct_size = ctypes.sizeof(self)

    def __repr__(self):
        return type(self).__name__ + "(" + ", ".join(f"{name}={getattr(self, name)!r}" for name, _ in self._fields_[1:]) + ")"


def _struct(name, ints="", reals="", /, order=None, **others):
    """Members in their order; those of `ints` are int64_t, of `reals` double, the others as given."""
    types = {m: c_int64 for m in ints.split()}
    types.update({m: c_double for m in reals.split()})
    types.update(others)
    return type(name, (Sized,), {"_fields_": [("struct_size", c_int64)] + [(m, types[m]) for m in (order or " ".join(types)).split()]})


Batch = _struct("Batch", "count first dim offset step point thread", index=POINTER(c_int64),
                order="count first index dim offset step point thread")
Event = _struct("Event", "step perturbations escaping gradient_samples dim stop",
                "epoch value gradient_norm step_norm lambda_min seconds fraction step_size", w=POINTER(c_double),
                order="step perturbations escaping gradient_samples epoch value gradient_norm step_norm lambda_min seconds fraction dim "
                "w stop step_size")
Result = _struct("Result", "stop kind steps perturbations callback_code value_samples gradient_samples hessvec_samples slopes_samples",
                 "value gradient_norm lambda_min seconds lambda_lower step_size")
Eigen = _struct("Eigen", "converged products invariant", "value residual lower upper",
                order="value residual lower upper products converged invariant")
Certificate = _struct("Certificate", "kind products",
                      "gradient_norm eps_gradient eps_hessian delta lambda_min lambda_lower lambda_upper residual",
                      order="kind gradient_norm eps_gradient eps_hessian delta lambda_min lambda_lower lambda_upper residual products")
Cnc = _struct("Cnc", "verdict samples exact zero_gradients products multiplicity gradients",
              "second_moment lower upper mean variance energy cosine amplification lambda_min residual curvature_ratio sine",
              order="verdict samples exact zero_gradients second_moment lower upper mean variance energy cosine amplification lambda_min "
              "residual curvature_ratio products multiplicity sine gradients")
Assumptions = _struct("Assumptions", "", "smoothness hessian_lipschitz gradient_bound noise_sigma cnc_gamma value_gap epsilon delta")
DerivativeCheck = _struct("DerivativeCheck", "ok", "gradient_slope hessvec_slope gradient_error hessvec_error hessvec_asymmetry "
                          "slopes_error batch_error", order="gradient_slope hessvec_slope gradient_error hessvec_error "
                          "hessvec_asymmetry slopes_error batch_error ok")
OptionInfo = _struct("OptionInfo", "id type", "minimum maximum initial", name=c_char_p, text=c_char_p, choices=c_char_p)

_vector = POINTER(c_double)
ValueFn = CFUNCTYPE(c_int, c_void_p, POINTER(Batch), _vector, _vector)
GradientFn = CFUNCTYPE(c_int, c_void_p, POINTER(Batch), _vector, _vector)
ValueGradientFn = CFUNCTYPE(c_int, c_void_p, POINTER(Batch), _vector, _vector, _vector)
HessvecFn = CFUNCTYPE(c_int, c_void_p, POINTER(Batch), _vector, _vector, _vector)
SlopesFn = CFUNCTYPE(c_int, c_void_p, POINTER(Batch), _vector, c_int64, _vector, _vector)
ProjectFn = CFUNCTYPE(c_int, c_void_p, c_int64, _vector)
MonitorFn = CFUNCTYPE(c_int, c_void_p, POINTER(Event))
CALLBACKS = {"value": ValueFn, "gradient": GradientFn, "value_gradient": ValueGradientFn, "hessvec": HessvecFn, "slopes": SlopesFn,
             "project": ProjectFn}

# What is used below or offered as it is: result, arguments. Without its argument types ctypes would pass an int as 32 bits.
_object, _status, _out = c_void_p, c_int32, POINTER(c_void_p)
_FUNCTIONS = {
    "version": (c_int32,), "version_string": (c_char_p,),
    "error_message": (c_char_p,), "status_name": (c_char_p, _status), "stop_name": (c_char_p, c_int64), "kind_name": (c_char_p, c_int64),
    "verdict_name": (c_char_p, c_int64), "method_find": (c_int32, c_char_p), "option_describe": (_status, c_int64, POINTER(OptionInfo)),
    "context_create": (_status, c_void_p, _out), "context_destroy": (None, _object), "context_set_threads": (_status, _object, c_int64),
    "options_create": (_status, _object, _out), "options_destroy": (None, _object),
    "options_set_text": (_status, _object, c_char_p, c_char_p),
    "objective_create": (_status, _object, c_int64, c_int64, c_void_p, _out), "objective_destroy": (None, _object),
    "objective_set_grain": (_status, _object, c_int64), "objective_value": (_status, _object, _vector, _vector),
    "objective_gradient": (_status, _object, _vector, _vector, _vector),
    **{"objective_set_" + name: (_status, _object, kind) for name, kind in CALLBACKS.items()},
    "check_derivatives": (_status, _object, _vector, c_int64, POINTER(DerivativeCheck)),
    "solver_create": (_status, _object, c_int32, _object, _vector, _out), "solver_destroy": (None, _object),
    "solver_set_monitor": (_status, _object, MonitorFn, c_void_p), "solver_step": (_status, _object, c_int64),
    "solver_run": (_status, _object), "solver_request_stop": (None, _object), "solver_result": (_status, _object, POINTER(Result)),
    "solver_save": (_status, _object, c_char_p), "solver_load": (_status, _object, c_char_p),
    "certify": (_status, _object, _vector, _object, _vector, POINTER(Certificate)),
    "lambda_min": (_status, _object, _vector, _object, _vector, POINTER(Eigen)),
    "cnc_check": (_status, _object, _vector, _object, _vector, POINTER(Cnc)),
    "estimate_assumptions": (_status, _object, _vector, _object, POINTER(Assumptions)),
}


def _load():
    path = os.environ.get("SADDLE_LIBRARY") or ctypes.util.find_library("saddle")
    if path is None:
        raise OSError("libsaddle was not found: install it, or name its file in SADDLE_LIBRARY")
    loaded = ctypes.CDLL(path)  # CDLL lets other Python threads run meanwhile; PyDLL would hang with several threads
    for name, (result, *arguments) in _FUNCTIONS.items():
        function = getattr(loaded, "saddle_" + name)
        function.restype, function.argtypes = result, arguments
    return loaded


lib = _load()


class SaddleError(Exception):
    """A status that is not SADDLE_OK, and the library's message."""

    def __init__(self, status):
        self.status, self.name = status, lib.saddle_status_name(status).decode()
        super().__init__(f"{self.name}: {lib.saddle_error_message().decode()}")


def _check(status, *kept):
    """Raises what a callback raised, or else what the status says."""
    for raised in kept:
        if raised:
            first = raised[0]
            raised.clear()
            raise first
    if status != 0:
        raise SaddleError(status)


def _guard(kind, function, raised):
    def call(_user, *arguments):
        try:
            code = function(*arguments)
            return 0 if code is None else int(code)
        except BaseException as e:  # whatever it is, it must not go on into C
            raised.append(e)
            return RAISED
    return kind(call)


def vector(numbers):
    """An array that the library can write; numpy.ctypeslib.as_array() makes it an array of NumPy without a copy."""
    return (c_double * len(numbers))(*numbers)


class _Owner:
    """Gives its object of the library back when it goes, or at the end of a with."""

    _destroy, _handle = None, None

    def close(self):
        handle, self._handle = self._handle, None
        if handle is not None:
            self._destroy(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    __del__ = close


class Context(_Owner):
    """The number of threads that share the samples of an evaluation. Callbacks in Python take turns all the same."""

    _destroy = lib.saddle_context_destroy

    def __init__(self, threads=1):
        handle = c_void_p()
        _check(lib.saddle_context_create(None, handle))
        self._handle = handle
        _check(lib.saddle_context_set_threads(handle, threads))


class Options(_Owner):
    """Options(step_size=0.1, schedule="cosine"): names and words of docs/options.md."""

    _destroy = lib.saddle_options_destroy

    def __init__(self, **settings):
        handle = c_void_p()
        _check(lib.saddle_options_create(None, handle))
        self._handle = handle
        for name, value in settings.items():
            _check(lib.saddle_options_set_text(handle, name.encode(), str(value).encode()))


class Objective(_Owner):
    """Objective(dim, samples, gradient=f, value=g, ...): functions as the library calls them, without the user pointer.
    Arrays come as pointers: w[0] .. w[dim-1]; batch as a pointer too: batch[0].count. They return None, or a code."""

    _destroy = lib.saddle_objective_destroy

    def __init__(self, dim, samples, context=None, grain=None, **callbacks):
        handle = c_void_p()
        _check(lib.saddle_objective_create(context and context._handle, dim, samples, None, handle))
        self._handle, self.dim, self.raised = handle, dim, []
        self._functions = {}  # ctypes frees a callback that nobody holds
        for name, function in callbacks.items():
            self._functions[name] = _guard(CALLBACKS[name], function, self.raised)
            _check(getattr(lib, "saddle_objective_set_" + name)(handle, self._functions[name]))
        if grain is not None:
            _check(lib.saddle_objective_set_grain(handle, grain))

    def value(self, w):
        f = c_double()
        _check(lib.saddle_objective_value(self._handle, w, f), self.raised)
        return f.value

    def _look(self, function, out, w, options):
        v = vector([0.0] * self.dim)
        with Options(**options) as o:
            _check(function(self._handle, w, o._handle, v, out), self.raised)
        return out, v

    def certify(self, w, **options):
        """What kind of point w is, with the evidence, and a direction."""
        return self._look(lib.saddle_certify, Certificate(), w, options)

    def lambda_min(self, w, **options):
        """The smallest eigenvalue of the Hessian, and its vector."""
        return self._look(lib.saddle_lambda_min, Eigen(), w, options)

    def cnc_check(self, w, **options):
        """Whether the noise of the samples reaches the way out."""
        return self._look(lib.saddle_cnc_check, Cnc(), w, options)


@contextlib.contextmanager
def _ctrl_c_stops(handle):
    """Ctrl-C asks the run to stop, and is raised when it has: raised inside a callback it could come outside of every try."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came = []

    def ask(number, _frame):
        came.append(number)
        lib.saddle_solver_request_stop(handle)

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt


class Solver(_Owner):
    """A run of one method from w, an array made by vector(), which it changes in place."""

    _destroy = lib.saddle_solver_destroy

    def __init__(self, objective, method, w, monitor=None, **options):
        if len(w) != objective.dim:
            raise ValueError(f"w has {len(w)} entries, the objective {objective.dim}")
        handle = c_void_p()
        with Options(**options) as o:
            _check(lib.saddle_solver_create(objective._handle, lib.saddle_method_find(method.encode()), o._handle, w, handle))
        self._handle, self._objective, self._w, self._raised = handle, objective, w, []
        if monitor is not None:
            self._monitor = _guard(MonitorFn, monitor, self._raised)
            _check(lib.saddle_solver_set_monitor(handle, self._monitor, None))

    def run(self):
        with _ctrl_c_stops(self._handle):
            status = lib.saddle_solver_run(self._handle)
        _check(status, self._raised, self._objective.raised)
        return self.result()

    def step(self, steps=1):
        with _ctrl_c_stops(self._handle):
            status = lib.saddle_solver_step(self._handle, steps)
        _check(status, self._raised, self._objective.raised)
        return self.result()

    def save(self, path):
        """Writes a checkpoint; also from the monitor."""
        _check(lib.saddle_solver_save(self._handle, os.fsencode(path)))

    def load(self, path):
        """Goes on from a checkpoint: of a solver that was made alike and has not run yet."""
        _check(lib.saddle_solver_load(self._handle, os.fsencode(path)))

    def request_stop(self):
        lib.saddle_solver_request_stop(self._handle)

    def result(self):
        r = Result()
        _check(lib.saddle_solver_result(self._handle, r))
        return r
