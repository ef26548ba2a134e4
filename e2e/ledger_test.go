// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

var updateTable = flag.Bool("update-table", false, "write what the tests of Clerk's own client measured into "+clientDocs)

const (
	clientDocs = root + "/docs/clerk-js.md"
	tableStart = "<!-- measured: begin -->\n"
	tableEnd   = "<!-- measured: end -->\n"
)

// ledger holds what each step of a visit took, in each layout.
type ledger struct {
	mu    sync.Mutex
	steps []string
	taken map[string]map[layout]entry
}

type entry struct {
	requests, redirects int
	result              string
}

func newLedger() *ledger { return &ledger{taken: make(map[string]map[layout]entry)} }

func (l *ledger) add(step string, where layout, e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.steps, step) {
		l.steps = append(l.steps, step)
		l.taken[step] = make(map[layout]entry)
	}
	l.taken[step][where] = e
}

// table gives a row for each step, and in it the requests and redirects of each
// layout beside what came of it.
func (l *ledger) table() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	b.WriteString("| step |")
	for _, where := range layouts {
		fmt.Fprintf(&b, " %s |", where)
	}
	b.WriteString(" what came of it |\n|---|" + strings.Repeat("---|", len(layouts)+1) + "\n")
	for _, step := range l.steps {
		fmt.Fprintf(&b, "| %s |", step)
		var results []string
		for _, where := range layouts {
			e := l.taken[step][where]
			fmt.Fprintf(&b, " %d, %d |", e.requests, e.redirects)
			if !slices.Contains(results, e.result) {
				results = append(results, e.result)
			}
		}
		fmt.Fprintf(&b, " %s |\n", strings.Join(results, "; "))
	}
	return b.String()
}

// update writes the table into its page, if that is asked for.
func (l *ledger) update(t *testing.T) {
	t.Helper()
	table := l.table()
	t.Logf("requests and redirects of each step:\n%s", table)
	if !*updateTable || t.Failed() {
		return
	}
	content, err := os.ReadFile(clientDocs)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, hasStart := strings.Cut(string(content), tableStart)
	_, after, hasEnd := strings.Cut(rest, tableEnd)
	if !hasStart || !hasEnd {
		t.Fatalf("%s: expected the marks %q and %q", clientDocs, tableStart, tableEnd)
	}
	if err := os.WriteFile(clientDocs, []byte(before+tableStart+table+tableEnd+after), 0o644); err != nil { //nolint:gosec // It is for everyone to see.
		t.Fatal(err)
	}
}
