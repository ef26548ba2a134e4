// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// journal is a slog.Handler that keeps what was warned of, and when.
type journal struct {
	slog.Handler
	mu    sync.Mutex
	lines []slog.Record
}

func newJournal() *journal { return &journal{Handler: slog.DiscardHandler} }

func (*journal) Enabled(context.Context, slog.Level) bool { return true }

func (j *journal) Handle(_ context.Context, line slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
	return nil
}

// expectOncePerMinute looks for lines that come too close to each other, and for
// a line that does not come at all.
func (j *journal) expectOncePerMinute(t *testing.T, begins string, least int) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	last, n := map[string]time.Time{}, 0
	for _, line := range j.lines {
		if before, ok := last[line.Message]; ok && line.Time.Sub(before) < time.Minute {
			t.Fatalf("expected a minute between two lines, got %s: %q", line.Time.Sub(before), line.Message)
		}
		last[line.Message] = line.Time
		if line.Level == slog.LevelWarn && strings.HasPrefix(line.Message, begins) {
			n++
		}
	}
	if n < least {
		t.Errorf("expected %d lines of %q at least, got %d", least, begins, n)
	}
}

// TestNothingIsWarnedOfMoreThanOnceAMinute has servers and a store that fail as
// often as they can in ten minutes, and somebody who has the keys fetched each
// second.
func TestNothingIsWarnedOfMoreThanOnceAMinute(t *testing.T) {
	for name, test := range map[string]struct {
		// fails and skewed tell of the n-th fetch what goes wrong.
		fails, skewed func(n int64) bool
		store         error
		begins        string
		least         int
	}{
		"a server that works now and then": {
			fails:  func(n int64) bool { return n%2 == 0 },
			begins: "fetching the verification keys failed", least: 9,
		},
		"a server that never works": {
			fails:  func(int64) bool { return true },
			begins: "fetching the verification keys failed", least: 9,
		},
		"servers one of which has the wrong time": {
			skewed: func(n int64) bool { return n%2 == 0 },
			begins: "this machine's clock is behind the key server's", least: 9,
		},
		"a store that is broken": {
			store:  errors.New("permission denied"),
			begins: "saving the verification keys failed", least: 9,
		},
		"a store that is broken, in an outage": {
			fails: func(int64) bool { return true }, store: errors.New("permission denied"),
			begins: "reading the saved verification keys failed", least: 9,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, log := newKeyServer(), newJournal()
				fetch := func(ctx context.Context) (*verifier.KeyDocument, error) {
					document, err := server.fetch(ctx)
					n := server.fetches.Load()
					if test.fails != nil && test.fails(n) {
						return nil, errDown
					}
					if test.skewed != nil && test.skewed(n) {
						document.Date = document.Date.Add(time.Minute)
					}
					return document, err
				}
				remote := must(verifier.NewRemoteKeys(verifier.RemoteOptions{Fetch: fetch, Store: &shelf{err: test.store}, Log: slog.New(log)}))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go remote.Run(ctx)
				for range 600 {
					_ = remote.Refresh(ctx) // It fails where it is to.
					pass(time.Second)
				}
				log.expectOncePerMinute(t, test.begins, test.least)
			})
		})
	}
}
