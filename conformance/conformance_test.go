// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
)

// The default run. Only of this one is it known which reasons come up.
const (
	defaultSeed  = 1
	defaultCases = 10_000
)

var (
	seed     = flag.Uint64("seed", defaultSeed, "the seed that cases are made from")
	count    = flag.Int("cases", defaultCases, "how many cases to make")
	caseFile = flag.String("case", "", "a file with a case that a run has printed, to run instead")
)

// rerun is what a run prints about a case, enough to decide it again.
type rerun struct {
	JWKS json.RawMessage `json:"jwks"`
	Case *Case           `json:"case"`
}

func TestConformance(t *testing.T) {
	jwks, cases := casesToRun(t)
	expectations, err := expect(jwks, cases)
	if err != nil {
		t.Fatal(err)
	}
	us := newProject(jwks)
	result := newReport(jwks)
	for i, c := range cases {
		got, err := us.decide(c)
		if err != nil {
			t.Fatalf("case %d: %v", c.ID, err)
		}
		result.add(c, &expectations[i], got)
	}
	t.Log(result.summary())
	for _, mismatch := range result.mismatches {
		t.Error(mismatch)
	}
	if result.matched != len(cases) {
		t.Errorf("%d of %d cases do not match", len(cases)-result.matched, len(cases))
	}
	if *caseFile == "" && *seed == defaultSeed && *count == defaultCases {
		result.checkCoverage(t)
	}
}

func casesToRun(t *testing.T) (jwks []byte, cases []*Case) {
	t.Helper()
	if *caseFile != "" {
		data, err := os.ReadFile(*caseFile)
		if err != nil {
			t.Fatal(err)
		}
		var again rerun
		if err := json.Unmarshal(data, &again); err != nil {
			t.Fatal(err)
		}
		return again.JWKS, []*Case{again.Case}
	}
	s, err := newSigner()
	if err != nil {
		t.Fatal(err)
	}
	return s.jwks(), generate(*seed, *count, s)
}
