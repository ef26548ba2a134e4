// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// ErrUnavailable is wrapped by every error that means "there is no answer", as
// opposed to "the answer is no". Whoever holds a gate shut should then answer
// that the service is unavailable, and never take the client's credential for
// a bad one.
var ErrUnavailable = errors.New("the upstream cannot be asked")

// Why a call was not made. Each of them wraps ErrUnavailable.
var (
	ErrBusy   = fmt.Errorf("%w: too many calls wait for their turn", ErrUnavailable)
	ErrOpen   = fmt.Errorf("%w: it failed, and is left alone for a while", ErrUnavailable)
	ErrBudget = fmt.Errorf("%w: too many requests of this client were refused", ErrUnavailable)
)

// errNoReturn is that a call ended its goroutine (runtime.Goexit).
var errNoReturn = &PanicError{what: "it did not return"}

const (
	// longestHold bounds how long the upstream is left alone because it asks
	// for it: one strange answer must not shut everybody out for a day.
	longestHold = time.Minute
	// leastRetry is what a client is asked to wait when nothing better is known.
	leastRetry = time.Second
)

// Outage wraps the error of a call to which the upstream gave no answer: it
// could not be reached, failed (5xx) or asked for fewer requests (429). Such an
// error is not remembered, costs the client nothing, and opens the breaker when
// it comes often. With a retryAfter, which the upstream asked for (RFC 9110,
// section 10.2.3), it opens at once, for that long and a minute at most; zero
// is none.
func Outage(err error, retryAfter time.Duration) error {
	return &unavailableError{cause: err, retryAfter: min(max(0, retryAfter), longestHold)}
}

// RetryAfter gives how long a client should wait before it comes again, in
// whole seconds as the header of that name has them. It is a second at least
// for an error that wraps ErrUnavailable, and zero for every other one.
func RetryAfter(err error) time.Duration {
	if !errors.Is(err, ErrUnavailable) {
		return 0
	}
	pause := leastRetry
	if known, ok := errors.AsType[*unavailableError](err); ok {
		pause = max(pause, known.retryAfter)
	}
	return (pause + time.Second - 1).Truncate(time.Second)
}

// unavailableError is an ErrUnavailable with a reason.
type unavailableError struct {
	cause      error
	retryAfter time.Duration // zero when it is not known
}

func (e *unavailableError) Error() string {
	if e.retryAfter == 0 {
		return fmt.Sprint(e.cause)
	}
	return fmt.Sprintf("%v; retry after %s", e.cause, e.retryAfter.Round(time.Millisecond))
}

func (e *unavailableError) Unwrap() error { return e.cause }

func (e *unavailableError) Is(target error) bool { return target == ErrUnavailable }

// gaveUp is that the context of a caller ended.
func gaveUp(cause error) error {
	return &unavailableError{cause: fmt.Errorf("waiting for the upstream's answer: %w", cause)}
}

// PanicError is that a call panicked, which says nothing of the upstream. It
// wraps ErrUnavailable.
type PanicError struct {
	// Stack is where it panicked, as runtime/debug.Stack has it.
	Stack []byte

	what string
}

func (e *PanicError) Error() string { return "the call to the upstream panicked: " + e.what }

// Unwrap gives ErrUnavailable.
func (e *PanicError) Unwrap() error { return ErrUnavailable }

// panicked keeps the text of what the runtime itself panics with, and of all
// else only the type: the value may be, or hold, a token.
func panicked(value any) error {
	what := fmt.Sprintf("a value of type %T", value)
	if err, ok := value.(runtime.Error); ok {
		what = err.Error()
	}
	return &PanicError{Stack: debug.Stack(), what: what}
}
