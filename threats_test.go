// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"regexp"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// TestEveryThreatIsShownToBeMet looks for the tests that docs/security.md names.
// What becomes of each threat is theirs to say.
func TestEveryThreatIsShownToBeMet(t *testing.T) {
	exists := make(map[string]bool)
	for _, file := range filesThatEndIn(t, "_test.go") {
		if strings.HasPrefix(file, "emulator") {
			continue // It shows what the stand-in does.
		}
		for _, match := range testFunc.FindAllStringSubmatch(read(t, file), -1) {
			exists[match[1]] = true
		}
	}
	_, table, _ := strings.Cut(read(t, "docs/security.md"), "| threat | what is done | shown by |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	threats := 0
	for row := range strings.Lines(table + "\n") {
		threats++
		cells := strings.Split(strings.Trim(row, "| \n"), " | ")
		if len(cells) != 3 {
			t.Errorf("expected a threat, what is done and what shows it, got %q", row)
			continue
		}
		names := testName.FindAllStringSubmatch(cells[2], -1)
		if len(names) == 0 {
			t.Errorf("%s: expected the names of tests", cells[0])
		}
		for _, name := range names {
			if !exists[name[1]] {
				t.Errorf("%s: there is no %s", cells[0], name[1])
			}
		}
	}
	if threats < 25 {
		t.Errorf("expected the table of threats, got %d rows", threats)
	}
}
