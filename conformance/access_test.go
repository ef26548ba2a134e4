// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

const (
	defaultAccessCases = 50_000
	// minGranted is how often each thing that can be asked has to be granted, and
	// refused, for a run to say something about it.
	minGranted = 500
)

var (
	accessCount    = flag.Int("access.cases", defaultAccessCases, "how many cases of has() to make, beside those of all ages")
	accessCaseFile = flag.String("access.case", "", "a file with such a case that a run has printed, to run instead")
)

// TestAccessConformance asks the reference's has() and this project's, both of
// them from the payload of a token.
func TestAccessConformance(t *testing.T) {
	cases := accessCasesToRun(t)
	applied, denied := make([][]int, len(cases)), make([]bool, len(cases))
	for i, c := range cases {
		applied[i], denied[i] = expectAccess(c)
	}
	answers, err := ask[*accessCase, *accessAnswer]("access.mjs", struct{}{}, cases)
	if err != nil {
		t.Fatal(err)
	}
	v := accessVerifier(t)
	result := newAccessReport()
	for i, c := range cases {
		claims, err := v.Verify(t.Context(), c.token(), verifier.Requirements{})
		if err != nil {
			t.Fatalf("case %d: %v", c.ID, err)
		}
		answer := answers[i]
		if denied[i] {
			answer.Expected = new(false)
		}
		result.add(c, answer, applied[i], c.check(answer, claims))
	}
	t.Log(result.summary(len(cases)))
	for _, mismatch := range result.mismatches {
		t.Error(mismatch)
	}
	if result.matched != len(cases) {
		t.Errorf("%d of %d cases do not match", len(cases)-result.matched, len(cases))
	}
	if *accessCaseFile == "" && *seed == defaultSeed && *accessCount == defaultAccessCases {
		result.checkCoverage(t)
	}
}

func accessCasesToRun(t *testing.T) []*accessCase {
	t.Helper()
	if *accessCaseFile == "" {
		return generateAccess(*seed, *accessCount)
	}
	data, err := os.ReadFile(*accessCaseFile)
	if err != nil {
		t.Fatal(err)
	}
	c := new(accessCase)
	if err := json.Unmarshal(data, c); err != nil {
		t.Fatal(err)
	}
	return []*accessCase{c}
}

// accessVerifier reads claims as of any token. Signing as many takes longer
// than all else.
func accessVerifier(t *testing.T) *verifier.Verifier {
	t.Helper()
	s, err := newSigner()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := verifier.ParseJWKS(s.jwks())
	if err != nil {
		t.Fatal(err)
	}
	v, err := verifier.New(verifier.Options{
		Keys:       keys,
		Signatures: anySignature{},
		Now:        func() time.Time { return time.Unix(accessNow, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// anySignature takes whatever it is shown for the instance's.
type anySignature struct{}

func (anySignature) VerifySignature(*verifier.Key, string, []byte, []byte) error { return nil }

func (c *accessCase) token() string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","typ":"JWT","kid":"`+instanceKey+`"}`)) + "." + encode(c.Payload) + ".AA"
}

// check compares all that this project says of a case, and gives what differs.
func (c *accessCase) check(answer *accessAnswer, claims *verifier.Claims) (lines []string) {
	params := c.Params.params()
	has := access.Has(claims, params)
	if answer.Expected == nil || *answer.Expected != has {
		lines = append(lines, fmt.Sprintf("has: expected %s, got %t", mustJSON(answer.Expected), has))
	}
	policy, all := c.Params.requirements()
	denial := policy.Check(access.Subject{Claims: claims})
	if all && has != (denial == nil) || has && denial != nil {
		lines = append(lines, fmt.Sprintf("policy %s: expected %t as has says", policy, has))
	}
	if denial != nil && denial.Reverification() != nil && string(denial.Reverification().ErrorBody()) != answer.Body {
		lines = append(lines, fmt.Sprintf("body: expected %s, got %s", answer.Body, denial.Reverification().ErrorBody()))
	}
	return lines
}

// accessReport counts what a run showed.
type accessReport struct {
	matched    int
	shown      []int // by difference
	asked      map[string]*[2]int
	mismatches []string
}

func newAccessReport() *accessReport {
	return &accessReport{shown: make([]int, len(accessDifferences)), asked: map[string]*[2]int{}}
}

func (r *accessReport) add(c *accessCase, answer *accessAnswer, applied []int, lines []string) {
	if len(lines) > 0 {
		if len(r.mismatches) < maxShown {
			r.mismatches = append(r.mismatches, fmt.Sprintf("case %d\n%s\nto run it again: -access.case with a file of\n%s",
				c.ID, strings.Join(lines, "\n"), mustJSON(c)))
		}
		return
	}
	r.matched++
	// A difference shows for certain where no other does.
	if len(applied) == 1 && (answer.Reference == nil || *answer.Reference != *answer.Expected) {
		r.shown[applied[0]]++
	}
	for name, asked := range map[string]bool{
		"role": c.Params.Role != nil, "permission": c.Params.Permission != nil, "feature": c.Params.Feature != nil,
		"plan": c.Params.Plan != nil, "reverification": c.Params.Reverification != nil,
	} {
		if !asked {
			continue
		}
		if r.asked[name] == nil {
			r.asked[name] = new([2]int)
		}
		r.asked[name][0]++
		if *answer.Expected {
			r.asked[name][1]++
		}
	}
}

func (r *accessReport) summary(total int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "matched %d of %d\ngranted of asked:\n", r.matched, total)
	for _, name := range slices.Sorted(maps.Keys(r.asked)) {
		fmt.Fprintf(&b, "  %6d of %6d  %s\n", r.asked[name][1], r.asked[name][0], name)
	}
	b.WriteString("deliberate differences that showed:\n")
	for i, d := range accessDifferences {
		fmt.Fprintf(&b, "  %6d  %s: %s\n", r.shown[i], d.name, d.reason)
	}
	return b.String()
}

// checkCoverage fails when something was hardly ever granted or refused, or a
// difference never showed.
func (r *accessReport) checkCoverage(t *testing.T) {
	t.Helper()
	for name, counts := range r.asked {
		if granted, refused := counts[1], counts[0]-counts[1]; granted < minGranted || refused < minGranted {
			t.Errorf("the %s was granted %d times and refused %d times, which says too little", name, granted, refused)
		}
	}
	for i, d := range accessDifferences {
		if r.shown[i] < minOccurrences {
			t.Errorf("the difference %s came up %d times, which says too little", d.name, r.shown[i])
		}
	}
}
