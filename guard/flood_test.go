// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/guard"
)

func TestAFloodFromOneClient(t *testing.T) {
	const requests, every = 100_000, 10 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		wantError(t, a.do(t.Context(), "good", "good"), nil)
		a.set(errUnknown, 0)
		began := time.Now()
		for i := range requests {
			if i%100 == 0 {
				pass(100 * every)
			}
			if err := a.do(t.Context(), "attacker", strconv.Itoa(i)); err == nil {
				t.Fatal("expected every request to be refused")
			}
		}
		most := 1 + 20 + int(time.Since(began)/(3*time.Second))
		if calls := a.made(); calls < most-2 || calls > most {
			t.Errorf("expected about %d calls, got %d", most, calls)
		}
		wantError(t, a.do(t.Context(), "good", "other"), errUnknown)
	})
}

func TestAFloodFromManyClients(t *testing.T) {
	const addresses, wave = 50_000, 1000
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		a.set(nil, 0)
		wantError(t, a.do(t.Context(), "good", "good"), nil)
		a.set(errUnknown, 50*time.Millisecond)
		for first := 0; first < addresses; first += wave {
			var wg sync.WaitGroup
			for i := range wave {
				wg.Go(func() {
					if err := a.do(t.Context(), address(first+i), strconv.Itoa(first+i)); err == nil {
						t.Error("expected every request to be refused")
					}
				})
			}
			synctest.Wait()
			if s := a.guard.Status(); s.InFlight != 64 || s.Waiting != 256 || s.Clients > 16_384 {
				t.Fatalf("expected the limits to hold, got %+v", s)
			}
			wantError(t, a.do(t.Context(), "good", "good"), nil)
			wg.Wait()
		}
		if a.atOnce != 64 {
			t.Errorf("expected 64 calls at once, got %d", a.atOnce)
		}
	})
}

// With an upstream that takes no time, failures from very many addresses do
// fill the memory. It stays bounded, an attacker does not get its own failures
// back, and whoever was used to good answers gets them.
func TestClientsAreForgottenFullestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		wantError(t, a.do(t.Context(), "good", "good"), nil)
		a.set(errUnknown, 0)
		if spent := a.spend(t, "attacker"); spent != 20 {
			t.Fatalf("expected 20 calls, got %d", spent)
		}
		for i := range 50_000 {
			wantError(t, a.do(t.Context(), address(i), strconv.Itoa(i)), errUnknown)
			if i%1000 == 0 {
				wantError(t, a.do(t.Context(), "attacker", "again "+strconv.Itoa(i)), guard.ErrBudget)
				wantError(t, a.do(t.Context(), "good", "good"), nil)
			}
		}
		if clients := a.guard.Status().Clients; clients != 16_384 {
			t.Errorf("expected 16384 clients to be remembered, got %d", clients)
		}
		// Two that are full again go for each that comes.
		pass(time.Minute)
		for i := range 16_384 {
			wantError(t, a.do(t.Context(), address(50_000+i), "later "+strconv.Itoa(i)), errUnknown)
			if i%16 == 0 {
				pass(16 * time.Millisecond)
			}
		}
		if clients := a.guard.Status().Clients; clients > 3016 {
			t.Errorf("expected about as many clients as failed in 3 s to be remembered, got %d", clients)
		}
	})
}

// What a client got back counts when the fullest is looked for.
func TestWhoGotMostBackIsForgottenFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		a.set(errUnknown, 0)
		wantError(t, a.do(t.Context(), "client", "refused"), errUnknown)
		a.set(nil, time.Nanosecond)
		for i := range 5 {
			a.begin(t.Context(), "client", "good "+strconv.Itoa(i))
		}
		a.set(errUnknown, 0)
		for i := range 2 * 16_383 {
			wantError(t, a.do(t.Context(), address(i%16_383), strconv.Itoa(i)), errUnknown)
		}
		pass(time.Nanosecond)
		wantError(t, a.do(t.Context(), "newcomer", "key"), errUnknown)
		if spent := a.spend(t, "client"); spent != 20 {
			t.Errorf("expected the client to be forgotten, got %d failures left", spent)
		}
	})
}

// A storm on a Guard of every kind of end, for the race detector.
func TestEverythingAtOnce(t *testing.T) {
	answers := []error{nil, errUnknown, guard.Outage(errDown, 0), (*refusal)(nil), nil, nil}
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{Concurrent: 4, Waiting: 8})
		var wg sync.WaitGroup
		for i := range 5000 {
			wg.Go(func() {
				time.Sleep(time.Duration(i%97) * 10 * time.Millisecond)
				a.set(answers[i%len(answers)], time.Duration(i%7)*time.Millisecond)
				_ = a.do(t.Context(), address(i%50), strconv.Itoa(i%400))
				a.guard.Status()
			})
		}
		wg.Wait()
		synctest.Wait()
		if s := a.guard.Status(); s.InFlight != 0 || s.Waiting != 0 {
			t.Errorf("expected all calls to be over, got %+v", s)
		}
		if a.atOnce > 4 {
			t.Errorf("expected at most 4 calls at once, got %d", a.atOnce)
		}
		a.set(nil, 0)
		pass(time.Hour)
		if err := a.do(t.Context(), "", "at last"); errors.Is(err, guard.ErrUnavailable) {
			t.Errorf("expected the Guard to work again, got %v", err)
		}
	})
}
