// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"os"
	"strings"
	"testing"
)

// TestThePageOfTheDirectiveNamesEverything keeps docs/clerk_auth.md from
// falling behind the code.
func TestThePageOfTheDirectiveNamesEverything(t *testing.T) {
	data, err := os.ReadFile("docs/clerk_auth.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for name := range new(Handler).parsers() {
		expectNamed(t, page, "| `"+name+"`")
	}
	for name := range placeholderValues {
		expectNamed(t, page, "`{http.clerk."+name+"}`")
	}
	for name := range identityValues {
		expectNamed(t, page, "`{http.clerk."+name+"}`")
		expectNamed(t, page, "`"+name+"`")
	}
	for _, name := range []string{
		"{http.auth.user.id}", "{http.auth.candidate.id}", "{http.auth.clerk.error}", "{http.auth.clerk.message}", "{http.clerk.claims.<path>}",
	} {
		expectNamed(t, page, "`"+name+"`")
	}
}

func expectNamed(t *testing.T, page, name string) {
	t.Helper()
	if !strings.Contains(page, name) {
		t.Errorf("expected docs/clerk_auth.md to have %s", name)
	}
}
