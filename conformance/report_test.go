// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// maxShown is how many mismatches are printed in full.
const maxShown = 5

// minOccurrences is how often each reason must come up in the default run for
// it to say anything about that reason.
const minOccurrences = 20

// reachable lists the reasons that a request can be the cause of, and the ways
// of being signed in.
var reachable = []string{
	"active-organization-mismatch", "client-uat-but-no-session-token", "dev-browser-missing", "dev-browser-sync",
	"jwk-kid-mismatch", "jwk-remote-failed-to-load", "primary-domain-cross-origin-sync", "primary-responds-to-syncing",
	"satellite-needs-syncing", "secret-key-invalid", "session-token-and-uat-missing", "session-token-but-no-client-uat",
	"session-token-expired-refresh-expired-session-token-missing-sid-claim", "session-token-expired-refresh-fetch-error",
	"session-token-expired-refresh-invalid-session-token", "session-token-expired-refresh-non-eligible-no-refresh-cookie",
	"session-token-expired-refresh-non-eligible-non-get", "session-token-expired-refresh-session_not_found",
	"session-token-expired-refresh-unexpected-bapi-error", "session-token-expired-refresh-unexpected-sdk-error",
	"session-token-iat-before-client-uat", "session-token-iat-in-the-future", "session-token-missing", "session-token-nbf",
	"token-expired", "token-iat-in-the-future", "token-invalid", "token-invalid-algorithm",
	"token-invalid-authorized-parties", "token-invalid-issuer", "token-invalid-signature", "token-not-active-yet",
	"token-type-mismatch", "token-verification-failed",
	"No token in header, machine", "secret-key-invalid, machine", "token-invalid, machine", "token-type-mismatch, machine",
	"token-verification-failed, machine", "unexpected-error, machine",
	"(signed in), refreshed", "(signed in), JWT of m2m_token", "(signed in), JWT of oauth_token",
	"(signed in), asked about api_key", "(signed in), asked about m2m_token", "(signed in), asked about oauth_token",
}

// report counts what a run has found.
type report struct {
	jwks        []byte
	matched     int
	bySet       map[string]*tally
	reasons     map[string]int
	differences map[string]int
	mismatches  []string
}

type tally struct{ matched, total int }

func newReport(jwks []byte) *report {
	return &report{jwks: jwks, bySet: map[string]*tally{}, reasons: map[string]int{}, differences: map[string]int{}}
}

func (r *report) add(c *Case, e *expectation, got *Record) {
	set := r.bySet[c.Options.Name]
	if set == nil {
		set = new(tally)
		r.bySet[c.Options.Name] = set
	}
	set.total++
	reason := got.Reason
	if reason == "" {
		reason = "(signed in)"
	}
	switch {
	case got.Status == "signed-in" && got.Asked != "":
		reason += ", asked about " + got.TokenType
	case got.Status == "signed-in" && got.Refreshed != "":
		reason += ", refreshed"
	case got.Status == "signed-in" && got.TokenType != sessionToken:
		reason += ", JWT of " + got.TokenType
	case got.TokenType != sessionToken:
		reason += ", machine"
	}
	r.reasons[reason]++
	if len(e.plain.diff(got)) > 0 {
		for _, d := range e.differences {
			if d.Shows == nil || d.Shows(e.plain, got) {
				r.differences[d.Name]++
			}
		}
	}
	lines := e.ours.diff(got)
	if len(lines) == 0 {
		set.matched++
		r.matched++
		return
	}
	if len(r.mismatches) < maxShown {
		r.mismatches = append(r.mismatches, r.describe(c, e, lines))
	}
}

func (r *report) describe(c *Case, e *expectation, lines []string) string {
	var names []string
	for _, d := range e.differences {
		names = append(names, d.Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "case %d, options %q, %s %s://%s%s\n", c.ID, c.Options.Name, c.Method, c.Scheme, c.Host, c.Target)
	fmt.Fprintf(&b, "differences that apply: %s\n", strings.Join(names, ", "))
	fmt.Fprintf(&b, "%s\n", strings.Join(lines, "\n"))
	if e.ours.Error != "" {
		fmt.Fprintf(&b, "the reference threw: %s\n", e.ours.Error)
	}
	fmt.Fprintf(&b, "to run it again: -case with a file of\n%s", mustJSON(rerun{JWKS: r.jwks, Case: c}))
	return b.String()
}

func (r *report) summary() string {
	var b strings.Builder
	b.WriteString("matched of total, by options:\n")
	total := 0
	for _, name := range slices.Sorted(maps.Keys(r.bySet)) {
		set := r.bySet[name]
		total += set.total
		fmt.Fprintf(&b, "  %5d of %5d  %s\n", set.matched, set.total, name)
	}
	fmt.Fprintf(&b, "  %5d of %5d  all\n", r.matched, total)
	b.WriteString("reasons:\n")
	for _, reason := range slices.Sorted(maps.Keys(r.reasons)) {
		fmt.Fprintf(&b, "  %5d  %s\n", r.reasons[reason], reason)
	}
	b.WriteString("deliberate differences that showed:\n")
	for _, d := range Differences {
		fmt.Fprintf(&b, "  %5d  %s: %s\n", r.differences[d.Name], d.Name, d.Reason)
	}
	return b.String()
}

// checkCoverage fails when a reason came up too seldom, or a difference never.
func (r *report) checkCoverage(t *testing.T) {
	t.Helper()
	for _, reason := range reachable {
		if n := r.reasons[reason]; n < minOccurrences {
			t.Errorf("the reason %s came up %d times, which says too little", reason, n)
		}
	}
	for _, d := range Differences {
		if r.differences[d.Name] == 0 {
			t.Errorf("the difference %s did not come up", d.Name)
		}
	}
}
