// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/guard"
)

func TestAnswersAreRememberedForAsLongAsTheyLive(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		age   time.Duration
		lives time.Duration // zero for not at all
	}{
		"as long as said":         {nil, 5 * time.Second, 5 * time.Second},
		"never over a minute":     {nil, time.Hour, time.Minute},
		"not at all":              {nil, 0, 0},
		"an expired one":          {nil, -time.Second, 0},
		"a refusal":               {errUnknown, time.Minute, 10 * time.Second},
		"an outage":               {guard.Outage(errDown, 0), time.Minute, 0},
		"a timeout not said":      {context.DeadlineExceeded, time.Minute, 0},
		"a wrapped outage":        {fmt.Errorf("asking: %w", guard.Outage(errDown, 0)), time.Minute, 0},
		"a wrapped refusal":       {fmt.Errorf("asking: %w", errUnknown), 0, 10 * time.Second},
		"a cancellation not said": {fmt.Errorf("asking: %w", context.Canceled), time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker(guard.Options{})
				a.set(test.err, 0)
				ask := func() {
					value, err := a.memo.Do(t.Context(), "", []string{"key"}, a.ask(test.age))
					if !errors.Is(err, test.err) || (err == nil) != (value == "yes") {
						t.Fatalf("expected %v, got %q, %v", test.err, value, err)
					}
				}
				ask()
				if test.lives > 0 {
					pass(test.lives - time.Nanosecond)
					ask()
					a.want(t, 1)
					pass(time.Nanosecond)
				}
				ask()
				a.want(t, 2)
			})
		})
	}
}

func TestARememberedRefusalIsTheSameValue(t *testing.T) {
	a := newAsker(guard.Options{})
	a.set(fmt.Errorf("asking: %w", errUnknown), 0)
	first := a.do(t.Context(), "", "key")
	if again := a.do(t.Context(), "", "key"); again != first { //nolint:errorlint // The very same.
		t.Errorf("expected %v, got %v", first, again)
	}
}

func TestPartsOfAKeyDoNotRunTogether(t *testing.T) {
	a := newAsker(guard.Options{})
	keys := [][]string{
		{},
		{""},
		{"", ""},
		{"ab"},
		{"a", "b"},
		{"", "ab"},
		{"ab", ""},
		{"a\x00b"},
		{"\x00\x00\x00\x00\x00\x00\x00\x00"},
		{strings.Repeat("a", 10_000)},
		{strings.Repeat("a", 10_001)},
	}
	for range 2 {
		for _, key := range keys {
			if _, err := a.memo.Do(t.Context(), "", key, a.ask(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.want(t, len(keys))
}

// What one kind of question was answered says nothing of another.
func TestMemosDoNotShareAnswers(t *testing.T) {
	a := newAsker(guard.Options{})
	other := guard.NewMemo[string](a.guard, 10)
	wantError(t, a.do(t.Context(), "", "key"), nil)
	if _, err := other.Do(t.Context(), "", []string{"key"}, a.ask(time.Minute)); err != nil {
		t.Fatal(err)
	}
	a.want(t, 2)
}

func TestTwentyCallersMakeOneCall(t *testing.T) {
	for name, answer := range map[string]error{
		"a good answer": nil, "a refusal": errUnknown, "an outage": guard.Outage(errDown, 0),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker(guard.Options{})
				a.set(answer, time.Second)
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						if err := a.do(t.Context(), "", "key"); !errors.Is(err, answer) {
							t.Errorf("expected %v, got %v", answer, err)
						}
					})
				}
				wg.Wait()
				a.want(t, 1)
			})
		})
	}
}

func TestWhoGivesUpLeavesTheOthersUnharmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		a.set(nil, 2*time.Second)
		impatient, giveUp := context.WithTimeout(t.Context(), time.Second)
		defer giveUp()
		first, second := a.begin(impatient, "", "key"), a.begin(t.Context(), "", "key")
		pass(time.Second)
		err := <-first
		wantError(t, err, guard.ErrUnavailable)
		wantError(t, err, context.DeadlineExceeded)
		wantError(t, <-second, nil)
		a.want(t, 1)
	})
}

func TestACallUnderWayIsFinishedThoughAllGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		a.set(nil, time.Second)
		ctx, giveUp := context.WithCancel(t.Context())
		end := a.begin(ctx, "", "key")
		giveUp()
		wantError(t, <-end, context.Canceled)
		joined := a.begin(t.Context(), "", "key")
		pass(time.Second)
		wantError(t, <-joined, nil)
		wantError(t, a.do(t.Context(), "", "key"), nil)
		a.want(t, 1)
	})
}

type contextKey struct{}

func TestACallHasAContextOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{Timeout: 3 * time.Second})
		ctx, giveUp := context.WithTimeout(context.WithValue(t.Context(), contextKey{}, "a request's"), time.Hour)
		defer giveUp()
		began := time.Now()
		_, err := a.memo.Do(ctx, "", []string{"key"}, func(ctx context.Context) (string, time.Duration, error) {
			if ctx.Value(contextKey{}) != nil {
				t.Error("expected nothing of the request's to outlive it")
			}
			<-ctx.Done()
			return "", 0, errUnknown // In truth it never came to that.
		})
		wantError(t, err, guard.ErrUnavailable)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("expected the call to be ended after 3 s, got %s", took)
		}
	})
}

func TestACallerWhoseContextEndedBeginsNothing(t *testing.T) {
	a := newAsker(guard.Options{})
	ended, end := context.WithCancel(t.Context())
	end()
	wantError(t, a.do(ended, "", "key"), context.Canceled)
	a.want(t, 0)
	wantError(t, a.do(t.Context(), "", "key"), nil)
	wantError(t, a.do(ended, "", "key"), nil)
	a.want(t, 1)
}

// refusal is an error whose methods fail on a nil pointer, which is easily
// returned by mistake.
type refusal struct{ cause error }

func (r *refusal) Error() string { return r.cause.Error() }
func (r *refusal) Unwrap() error { return r.cause }

// A panic must neither end the process, nor keep the others waiting, nor tell
// what a client sent.
func TestACallThatPanicsIsAnErrorForAllWhoWait(t *testing.T) {
	const secret = "ak_secret"
	for name, test := range map[string]struct {
		call func() error
		want string
	}{
		"a text":          {func() error { panic("bad token " + secret) }, "a value of type string"},
		"an error":        {func() error { panic(errors.New(secret)) }, "a value of type *errors.errorString"},
		"the runtime's":   {func() error { var none []int; return errors.New(strconv.Itoa(none[1])) }, "index out of range"},
		"no return":       {func() error { runtime.Goexit(); return nil }, "did not return"},
		"a nil error":     {func() error { var none *refusal; return none }, "nil pointer"},
		"a panic of zero": {func() error { panic(nil) }, "panic called with nil"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker(guard.Options{})
				call := func(context.Context) (string, time.Duration, error) {
					pass := time.After(time.Second)
					<-pass
					return secret, time.Minute, test.call()
				}
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						value, err := a.memo.Do(t.Context(), "", []string{"key"}, call)
						if value != "" || !errors.Is(err, guard.ErrUnavailable) ||
							!strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), secret) {
							t.Errorf("expected an error with %q, got %q, %v", test.want, value, err)
						}
						if panicked, ok := errors.AsType[*guard.PanicError](err); !ok || strings.Contains(string(panicked.Stack), secret) {
							t.Errorf("expected a stack without the secret, got %T", err)
						}
					})
				}
				wg.Wait()
				if s := a.guard.Status(); s.InFlight != 0 || s.Waiting != 0 || s.Breaker != guard.Closed {
					t.Errorf("expected the call to have ended, got %+v", s)
				}
				wantError(t, a.do(t.Context(), "", "key"), nil)
			})
		})
	}
}

func TestAMemoIsBounded(t *testing.T) {
	const size = 100
	for name, answer := range map[string]error{"good answers": nil, "refusals": errUnknown} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker(guard.Options{NegativeAge: time.Hour, MaxAge: time.Hour})
				memo := guard.NewMemo[string](a.guard, size)
				a.set(answer, 0)
				for i := range 10 * size {
					_, err := memo.Do(t.Context(), address(i), []string{strconv.Itoa(i)}, a.ask(time.Hour))
					wantError(t, err, answer)
				}
				before := a.made()
				a.set(guard.Outage(errDown, time.Minute), 0)
				kept := 0
				for i := range 10 * size {
					_, err := memo.Do(t.Context(), address(i), []string{strconv.Itoa(i)}, a.ask(time.Hour))
					if !errors.Is(err, guard.ErrUnavailable) {
						kept++
					}
				}
				if kept < size/2 || kept > size {
					t.Errorf("expected %d to %d answers to be remembered, got %d", size/2, size, kept)
				}
				a.want(t, before+1)
			})
		})
	}
}

// Who comes often is remembered among any number of those who come once.
func TestAnAnswerInUseOutlivesOthers(t *testing.T) {
	a := newAsker(guard.Options{})
	memo := guard.NewMemo[string](a.guard, 10)
	for i := range 1000 {
		for _, key := range []string{"often", strconv.Itoa(i)} {
			if _, err := memo.Do(t.Context(), "", []string{key}, a.ask(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.want(t, 1+1000)
}
