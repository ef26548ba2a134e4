// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/guard"
)

func TestCallsOfAllKindsShareOneLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		a.set(nil, time.Second)
		memos := []*guard.Memo[string]{a.memo, guard.NewMemo[string](a.guard, 10), guard.NewMemo[string](a.guard, 10)}
		var wg sync.WaitGroup
		for i := range 64 + 256 {
			wg.Go(func() {
				_, err := memos[i%3].Do(t.Context(), address(i), []string{strconv.Itoa(i)}, a.ask(0))
				if err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if s := a.guard.Status(); s.InFlight != 64 || s.Waiting != 256 {
			t.Errorf("expected 64 calls under way and 256 waiting, got %+v", s)
		}
		before := time.Now()
		err := a.do(t.Context(), "late", "late")
		wantError(t, err, guard.ErrBusy)
		if !time.Now().Equal(before) {
			t.Error("expected to be refused at once")
		}
		if got := guard.RetryAfter(err); got != time.Second {
			t.Errorf("expected a second, got %s", got)
		}
		wg.Wait()
		a.want(t, 64+256)
		s := a.guard.Status()
		if a.atOnce != 64 || s.InFlight != 0 || s.Waiting != 0 || s.Refused != (guard.Refused{Busy: 1}) || s.Clients != 0 {
			t.Errorf("expected at most 64 calls at once and all of them over, got %d and %+v", a.atOnce, s)
		}
	})
}

// one is a Guard with room for one call and one that waits, the former taken.
func one(t *testing.T) (*asker, <-chan error) {
	a := newAsker(guard.Options{Concurrent: 1, Waiting: 1})
	a.set(nil, time.Second)
	return a, a.begin(t.Context(), "", "slow")
}

func TestWaitingForATurnEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, slow := one(t)
		ctx, giveUp := context.WithCancel(t.Context())
		end := a.begin(ctx, "client", "key")
		wantError(t, a.do(t.Context(), "", "third"), guard.ErrBusy)
		giveUp()
		wantError(t, <-end, context.Canceled)
		synctest.Wait()
		if s := a.guard.Status(); s.Waiting != 0 || s.Clients != 0 {
			t.Errorf("expected the place and the price to be given back, got %+v", s)
		}
		again := a.begin(t.Context(), "", "key")
		wantError(t, <-slow, nil)
		wantError(t, <-again, nil)
		a.want(t, 2)
	})
}

func TestATurnIsKeptForThoseWhoStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, slow := one(t)
		ctx, giveUp := context.WithCancel(t.Context())
		first, second := a.begin(ctx, "", "key"), a.begin(t.Context(), "", "key")
		giveUp()
		wantError(t, <-first, context.Canceled)
		wantError(t, <-slow, nil)
		wantError(t, <-second, nil)
		a.want(t, 2)
	})
}

// Whoever comes just when the last of the others has given up gets a turn all
// the same, and the key one call.
func TestComingWhenAllHaveGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{Concurrent: 1, Waiting: 2})
		for i := range 1000 {
			a.set(nil, time.Second)
			slow := a.begin(t.Context(), "", "slow "+strconv.Itoa(i))
			ctx, giveUp := context.WithCancel(t.Context())
			left := a.begin(ctx, "", strconv.Itoa(i))
			giveUp()
			if i%2 == 0 {
				<-left
			}
			second, third := a.begin(t.Context(), "", strconv.Itoa(i)), a.begin(t.Context(), "", strconv.Itoa(i))
			wantError(t, <-slow, nil)
			wantError(t, <-second, nil)
			wantError(t, <-third, nil)
			a.want(t, 2*i+2)
		}
	})
}

// The turn may come at the very moment when the last one gives up. Whichever
// is seen first, nothing is kept.
func TestATurnThatComesWhenAllGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{Concurrent: 1, Waiting: 1})
		a.set(nil, time.Second)
		for i := range 500 {
			slow := a.begin(t.Context(), "client", "slow "+strconv.Itoa(i))
			ctx, giveUp := context.WithTimeout(t.Context(), time.Second)
			end := a.begin(ctx, "client", strconv.Itoa(i))
			pass(2 * time.Second)
			giveUp()
			wantError(t, <-slow, nil)
			if err := <-end; err != nil {
				wantError(t, err, context.DeadlineExceeded)
			}
			if s := a.guard.Status(); s.InFlight != 0 || s.Waiting != 0 || s.Clients != 0 {
				t.Fatalf("expected nothing to be kept, got %+v", s)
			}
		}
	})
}
