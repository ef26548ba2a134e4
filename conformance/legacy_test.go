// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/authstate/legacy"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

const defaultLegacyCases = 2_000

var (
	legacyCount    = flag.Int("legacy.cases", defaultLegacyCases, "how many cases of the older protocol to make")
	legacyCaseFile = flag.String("legacy.case", "", "a file with such a case that a run has printed, to run instead")
)

// legacyReachable lists the reasons that a request can cause here. The
// reference has three more: a key that is missing or unusable, which is found
// earlier here, and an internal error, which these keys do not cause.
var legacyReachable = []string{
	"cookie-and-uat-missing", "cookie-early", "cookie-expired", "cookie-invalid", "cookie-invalid-issuer", "cookie-missing",
	"cookie-outdated", "cookie-unauthorized-party", "cookie-verification-failed", "cross-origin-referrer", "header-early",
	"header-expired", "header-invalid", "header-invalid-issuer", "header-missing-cors", "header-missing-non-browser",
	"header-unauthorized-party", "header-verification-failed", "pk-fetch-error", "standard-signed-out", "uat-missing", "unknown",
}

// legacyRerun is what a run prints about a case, enough to decide it again.
type legacyRerun struct {
	SetUp *legacySetUp `json:"setUp"`
	Case  *legacyCase  `json:"case"`
}

func TestLegacyConformance(t *testing.T) {
	setUp, cases := legacyCasesToRun(t)
	expectations, err := expectLegacy(setUp, cases)
	if err != nil {
		t.Fatal(err)
	}
	us := &legacyProject{setUp: setUp}
	matched, reasons, shown := 0, map[string]int{}, map[string]int{}
	for i, c := range cases {
		got, err := us.decide(c)
		if err != nil {
			t.Fatalf("case %d: %v", c.ID, err)
		}
		reasons[got.Reason]++
		for _, d := range expectations[i].shown {
			shown[d.name]++
		}
		lines := expectations[i].record.diff(got)
		if len(lines) == 0 {
			matched++
		} else if i-matched < maxShown {
			t.Errorf("case %d\n%s\nto run it again: -legacy.case with a file of\n%s",
				c.ID, strings.Join(lines, "\n"), mustJSON(legacyRerun{SetUp: setUp, Case: c}))
		}
	}
	t.Log(legacySummary(matched, len(cases), reasons, shown))
	if matched != len(cases) {
		t.Errorf("%d of %d cases do not match", len(cases)-matched, len(cases))
	}
	if *legacyCaseFile == "" && *seed == defaultSeed && *legacyCount == defaultLegacyCases {
		checkLegacyCoverage(t, reasons, shown)
	}
}

func legacyCasesToRun(t *testing.T) (setUp *legacySetUp, cases []*legacyCase) {
	t.Helper()
	if *legacyCaseFile != "" {
		data, err := os.ReadFile(*legacyCaseFile)
		if err != nil {
			t.Fatal(err)
		}
		var again legacyRerun
		if err := json.Unmarshal(data, &again); err != nil {
			t.Fatal(err)
		}
		return again.SetUp, []*legacyCase{again.Case}
	}
	s, err := newSigner()
	if err != nil {
		t.Fatal(err)
	}
	return legacySetUpOf(s), generateLegacy(*seed, *legacyCount, s)
}

func legacySummary(matched, total int, reasons, shown map[string]int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "matched %d of %d\nreasons:\n", matched, total)
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		name := reason
		if name == "" {
			name = "(signed in)"
		}
		fmt.Fprintf(&b, "  %5d  %s\n", reasons[reason], name)
	}
	b.WriteString("deliberate differences that showed:\n")
	for _, d := range legacyDifferences {
		fmt.Fprintf(&b, "  %5d  %s: %s\n", shown[d.name], d.name, d.reason)
	}
	return b.String()
}

// checkLegacyCoverage fails when a reason came up too seldom, one that ought
// not to, or a difference never.
func checkLegacyCoverage(t *testing.T, reasons, shown map[string]int) {
	t.Helper()
	for _, reason := range append(legacyReachable, "") {
		if reasons[reason] < minOccurrences {
			t.Errorf("the reason %q came up %d times, which says too little", reason, reasons[reason])
		}
	}
	if len(reasons) != len(legacyReachable)+1 {
		t.Errorf("expected the reasons %q only, got %q", legacyReachable, slices.Sorted(maps.Keys(reasons)))
	}
	for _, d := range legacyDifferences {
		if shown[d.name] == 0 {
			t.Errorf("the difference %s did not come up", d.name)
		}
	}
}

// legacyProject decides cases with this project's code.
type legacyProject struct {
	setUp *legacySetUp
	now   atomic.Int64
}

func (p *legacyProject) decide(c *legacyCase) (*legacyRecord, error) {
	p.now.Store(c.Now)
	keys, err := p.keys(c)
	if err != nil {
		return nil, err
	}
	v, err := verifier.New(verifier.Options{Keys: keys, Now: func() time.Time { return time.UnixMilli(p.now.Load()) }})
	if err != nil {
		return nil, err
	}
	a, err := legacy.New(legacy.Options{
		Development:  c.Development,
		Verifier:     v,
		Requirements: verifier.Requirements{Issuers: []string{c.Issuer}, AuthorizedParties: c.AuthorizedParties},
		PublicURL: func(*http.Request) authstate.RequestURL {
			scheme, host := c.address()
			return authstate.RequestURL{Scheme: scheme, Host: host, Target: "/"}
		},
	})
	if err != nil {
		return nil, err
	}
	return legacyRecordOf(a.Authenticate(legacyRequestOf(c))), nil
}

func (p *legacyProject) keys(c *legacyCase) (verifier.KeySource, error) {
	switch c.Keys {
	case "pem":
		return verifier.ParsePEM(p.setUp.JWTKey)
	case "outage":
		return failingKeys(errors.New("the key server does not answer"))
	default:
		return verifier.ParseJWKS(p.setUp.JWKS)
	}
}

// legacyRequestOf builds the request as a server would have read it.
func legacyRequestOf(c *legacyCase) *http.Request {
	r := requestOf(&Case{Method: http.MethodGet, Scheme: c.Scheme, Host: c.Host, Target: "/", Headers: c.Headers})
	var pairs []string
	for _, pair := range c.Cookies {
		pairs = append(pairs, pair[0]+"="+pair[1])
	}
	if len(pairs) > 0 {
		r.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
	return r
}

func legacyRecordOf(s *legacy.State) *legacyRecord {
	r := &legacyRecord{Status: string(s.Status), Reason: s.Reason, Unavailable: s.Unavailable}
	if s.Claims != nil {
		r.UserID, r.SessionID = s.Claims.UserID, s.Claims.SessionID
	}
	return r
}
