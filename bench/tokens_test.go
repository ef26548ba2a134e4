// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// verifier gives one that knows the key as a gate does, from the key set.
func (k *signingKey) verifier(t *testing.T) *verifier.Verifier {
	t.Helper()
	set, err := k.keySet()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := verifier.ParseJWKS(set)
	if err != nil {
		t.Fatal(err)
	}
	v, err := verifier.New(verifier.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newMaterial(t *testing.T, o *options) *material {
	t.Helper()
	o.dir = t.TempDir()
	m, err := prepareMaterial(t.Context(), o, allScenarios, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRequestsAreWhatTheirScenariosSay asks the verifier, so that a load that
// was refused for another reason than it is meant to be does not go unnoticed.
func TestRequestsAreWhatTheirScenariosSay(t *testing.T) {
	m := newMaterial(t, &options{tokens: 50})
	v := m.key.verifier(t)
	for _, scenario := range []struct {
		file    func(*material) (string, error)
		reasons []verifier.Reason // of the lines, in turn; none where they are good
	}{
		{(*material).knownHeader, nil},
		{(*material).knownPeople, nil},
		{(*material).firstSeen, nil},
		{(*material).badSignature, []verifier.Reason{verifier.ReasonTokenInvalidSignature}},
		{(*material).garbage, []verifier.Reason{
			verifier.ReasonTokenInvalid, verifier.ReasonTokenInvalid, verifier.ReasonTokenInvalid,
			verifier.ReasonTokenInvalidAlgorithm, verifier.ReasonTokenInvalid,
		}},
	} {
		file, err := scenario.file(m)
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		for line, err := range readLines(file, 50) {
			if err != nil {
				t.Fatal(err)
			}
			_, err := v.Verify(context.Background(), strings.TrimPrefix(line, bearerPrefix), verifier.Requirements{
				AuthorizedParties: []string{authorizedParty}, Issuers: []string{issuer},
			})
			var got, want verifier.Reason
			if err != nil {
				got = verifier.ReasonOf(err)
			}
			if scenario.reasons != nil {
				want = scenario.reasons[i%len(scenario.reasons)]
			}
			if got != want {
				t.Errorf("%s, line %d: expected the reason %q, got %v", file, i+1, want, err)
			}
			i++
		}
	}
}

func TestTokensAreAsLongAsClerks(t *testing.T) {
	m := newMaterial(t, &options{tokens: 1})
	for _, token := range m.people {
		if n := len(token); n < 850 || n > 950 {
			t.Fatalf("expected 850 to 950 bytes, got %d: %s", n, token)
		}
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(m.people))); len(unique) != numPeople {
		t.Errorf("expected %d distinct tokens, got %d", numPeople, len(unique))
	}
}

func TestTokensAreKept(t *testing.T) {
	dir := t.TempDir()
	keep := func(want int) []string {
		t.Helper()
		key, err := keepKey(dir)
		if err != nil {
			t.Fatal(err)
		}
		path, err := keepTokens(t.Context(), dir, key, want)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	first := keep(5)
	if again := keep(3); !slices.Equal(again, first) {
		t.Error("expected enough tokens to be used again")
	}
	interrupted := strings.Join(first[:3], "\n") + "\n" + first[3][:100]
	if err := os.WriteFile(dir+"/tokens", []byte(interrupted), 0o600); err != nil {
		t.Fatal(err)
	}
	if more := keep(6); len(more) != 6 || !slices.Equal(more[:3], first[:3]) || more[3] == first[3] {
		t.Errorf("expected three lines to be kept and three to be new, got %d lines", len(more))
	}
	if err := os.Remove(dir + "/key.pem"); err != nil {
		t.Fatal(err)
	}
	if other := keep(5); slices.Contains(other, first[0]) {
		t.Error("expected none of the tokens to be kept without their key")
	}
}

func TestTokensThatExpireSoonAreNotUsedAgain(t *testing.T) {
	key, err := keepKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for age, want := range map[time.Duration]bool{0: true, tokenLifetime - leastLifetime - time.Minute: true, tokenLifetime - leastLifetime + time.Minute: false} {
		token, err := key.sessionToken(time.Now().Add(-age))
		if err != nil {
			t.Fatal(err)
		}
		if got := key.isUsable(bearer(token)); got != want {
			t.Errorf("of the age %s: expected %t, got %t", age, want, got)
		}
	}
	for _, line := range []string{"", "Authorization: Bearer", bearer("a.b.c"), bearer("e30.e30.e30")} {
		if key.isUsable(line) {
			t.Errorf("expected %q to be no token", line)
		}
	}
}

func TestMintingEndsWithTheFirstFailure(t *testing.T) {
	key, err := keepKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	if err := key.mint(t.Context(), 100, func(string) error { return full }); !errors.Is(err, full) {
		t.Errorf("expected %v, got %v", full, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := key.mint(ctx, 100, func(string) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("expected %v, got %v", context.Canceled, err)
	}
}
