// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"math"
	"net/http"
	"os"
	"strings"
	"time"
)

// measureKids counts the fetches of the key set that tokens with unknown key
// IDs cause. Anybody can send those.
func measureKids(ctx context.Context, f *fleet, m *material, n int) error {
	progress("sending %d tokens with unknown key IDs", n)
	return f.with(ctx, gate, func(s *site) error {
		fetched, start := f.keys.fetches.Load(), time.Now()
		if err := s.client.expectAll(ctx, http.StatusUnauthorized, m.unknownKeys(n)); err != nil {
			return err
		}
		took, fetches := time.Since(start), f.keys.fetches.Load()-fetched
		if err := s.client.expect(ctx, http.StatusOK, f.known); err != nil {
			return fmt.Errorf("sending a good token after the others: %w", err)
		}
		// A second with one fetch in it is no minute with sixty.
		perMinute := float64(fetches) / math.Ceil(took.Minutes())
		fmt.Printf("Tokens with unknown key IDs: %d within %s. Fetches of the key set during that: %d, which is %.1f for each minute begun.\n\n",
			n, took.Round(time.Millisecond), fetches, perMinute)
		return nil
	})
}

// unknownKeys gives lines with tokens that lack nothing but a known key.
func (m *material) unknownKeys(n int) iter.Seq2[string, error] {
	_, rest, _ := strings.Cut(m.people[0], ".")
	return func(yield func(string, error) bool) {
		for range n {
			header, err := encodePart(sessionHeader("RS256", "ins_"+rand.Text()))
			if !yield(bearer(header+"."+rest), err) {
				return
			}
		}
	}
}

// measureMemory compares what both sites have in RAM after many people came
// once, which is the most that can be asked of what remembers tokens.
func measureMemory(ctx context.Context, f *fleet, m *material, n int) error {
	var after [2]memory
	for i, v := range []variant{plain, gate} {
		progress("sending %d distinct tokens to %s", n, v)
		if err := f.with(ctx, v, func(s *site) error {
			err := s.client.expectAll(ctx, http.StatusOK, readLines(m.tokens, n))
			if err != nil {
				return err
			}
			after[i], err = s.memory()
			return err
		}); err != nil {
			return err
		}
	}
	fmt.Printf("Memory after %d distinct tokens were sent once each:\n\n", n)
	row := func(name string, a, b int64) []string {
		megabytes := func(n int64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }
		return []string{name, megabytes(a), megabytes(b), megabytes(b - a)}
	}
	printTable(os.Stdout, [][]string{
		{"", "A (MB)", "B (MB)", "B−A (MB)"},
		row("in RAM at the end (VmRSS)", after[0].now, after[1].now),
		row("at its peak (VmHWM)", after[0].peak, after[1].peak),
	})
	return nil
}
