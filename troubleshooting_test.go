// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"os"
	"strings"
	"testing"
)

// TestEveryReasonHasItsEntry keeps docs/troubleshooting.md from falling behind
// the code. Those of sessions that were not refreshed go by their ends.
func TestEveryReasonHasItsEntry(t *testing.T) {
	data, err := os.ReadFile("docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for reason := range reasons {
		if !strings.Contains(page, "`"+strings.TrimPrefix(reason, refreshReason)+"`") {
			t.Errorf("expected an entry for %s", reason)
		}
	}
}
