// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func explain(token string) *verifier.Explanation {
	return atNoon(keys()).Explain(context.Background(), token, demands)
}

// results tells how each check ended, in one line.
func results(e *verifier.Explanation) string {
	signs := map[verifier.CheckResult]string{
		verifier.CheckPassed: "+", verifier.CheckFailed: "-", verifier.CheckOff: "o", verifier.CheckSkipped: "?",
	}
	var line strings.Builder
	for _, c := range e.Checks {
		line.WriteString(signs[c.Result])
	}
	return line.String()
}

func TestAnExplanationGoesOnAfterTheFirstRefusal(t *testing.T) {
	foreign := session(members{"iss": "https://clerk.other.example"})
	for name, test := range map[string]struct {
		token, results, failed, finding string
	}{
		"good":             {good(), "+++++++o+++++", "", ""},
		"expired":          {sign(header(nil), session(members{"exp": noon.Unix() - 192})), "+++++++o++-++", "expiry", "expired 3m12s ago, at 2026-03-01T11:56:48Z; 5s of difference are forgiven"},
		"long expired":     {sign(header(nil), session(members{"exp": 0})), "+++++++o++-++", "expiry", "expired 20513 days ago, at 1970-01-01T00:00:00Z; 5s of difference are forgiven"},
		"to come":          {sign(header(nil), session(members{"nbf": noon.Unix() + 60, "iat": noon.Unix() + 60})), "+++++++o+++--", "not before", "good only in 1m0s, at 2026-03-01T12:01:00Z; 5s of difference are forgiven"},
		"no expiry":        {sign(header(nil), session(members{"exp": absent})), "+++++++o++-++", "expiry", "expected an expiry (exp) that is a number"},
		"odd nbf":          {sign(header(nil), session(members{"nbf": "soon"})), "+++++++o+++-+", "not before", "expected the claim nbf to be a number"},
		"foreign":          {sign(header(members{"kid": "ins_2"}), foreign), "+++-+?+o+-+++", "key", `no key of this instance has the id "ins_2" that the token names`},
		"tampered":         {tampered(), "+++++-+o+++++", "signature", "the signature does not match the instance's key"},
		"another party":    {sign(header(nil), session(members{"azp": "https://evil.example"})), "+++++++o-++++", "authorized party", `expected the authorized party (azp) "https://app.example.com", got "https://evil.example"`},
		"a machine's":      {m2m(nil, nil), "++-++++o-++++", "class", "expected a session token, got a machine token or a custom JWT template's"},
		"alg none":         {unsigned(header(members{"alg": "none"}), session(nil)) + ".", "++++-?+o+++++", "header", `expected the algorithm RS256, RS384 or RS512, got "\"none\""`},
		"no subject":       {sign(header(nil), session(members{"sub": absent})), "++++++-o+++++", "subject", "expected a subject (sub) that is a string"},
		"two parts":        {"a.b", "+-", "form", "a token has three parts separated by dots, this one has 2"},
		"not base64":       {"!.!.!", "+-", "form", "decoding the token's header: expected base64url without padding"},
		"too large":        {strings.Repeat("a", 1<<20), "-", "size", "a token has at most 16384 bytes, this one has 1048576"},
		"an empty payload": {sign(header(nil), members{}), "++++++-o---++", "subject", "expected a subject (sub) that is a string"},
	} {
		t.Run(name, func(t *testing.T) {
			e := explain(test.token)
			if got := results(e); got != test.results {
				t.Errorf("expected %s, got %s", test.results, got)
			}
			failed, finding := "", ""
			if c := e.Refusal(); c != nil {
				failed, finding = c.Name, c.Finding
			}
			if failed != test.failed || finding != test.finding {
				t.Errorf("expected %s: %s, got %s: %s", test.failed, test.finding, failed, finding)
			}
			checkExplanation(t, e, test.token)
		})
	}
}

// tampered is a good token whose payload names somebody else.
func tampered() string {
	head, _, _ := strings.Cut(good(), ".")
	return head + "." + encode(toJSON(session(members{"sub": "user_2"}))) + good()[strings.LastIndexByte(good(), '.'):]
}

func TestAnExplanationSaysWhatWasForgiven(t *testing.T) {
	e := explain(sign(header(nil), session(members{"exp": noon.Unix() - 3, "nbf": noon.Unix() + 2})))
	if e.Refusal() != nil {
		t.Fatalf("expected no refusal, got %+v", e.Refusal())
	}
	text := toJSON(e)
	for _, want := range []string{
		"expired 3s ago, at 2026-03-01T11:59:57Z, which the 5s that are forgiven make good",
		"good only in 2s, at 2026-03-01T12:00:02Z, which the 5s that are forgiven make good",
		"issued 10s ago, at 2026-03-01T11:59:50Z",
		`\"ins_1\": RSA, 2048 bits, for RS256`,
		`"name":"cat","value":"\"cl_B7d4PD111AAA\"","note":"a session token"`,
		`"name":"exp","value":"1772366397","note":"3s ago, at 2026-03-01T11:59:57Z"`,
		`"name":"nbf","value":"1772366402","note":"in 2s, at 2026-03-01T12:00:02Z"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("expected %q in %s", want, text)
		}
	}
}

func TestAnExplanationOfAMachinesToken(t *testing.T) {
	for name, test := range map[string]struct {
		token, results string
		audiences      []string
	}{
		"M2M":                    {m2m(nil, nil), "+++++++o+++", nil},
		"OAuth":                  {oauth(nil, nil), "+++++++o+++", nil},
		"OAuth, for somebody":    {oauth(nil, nil), "+++++++-+++", []string{"me"}},
		"a session's":            {good(), "++-++++o+++", nil},
		"M2M of another class":   {m2m(members{"cat": "cl_B7d4PD111AAA"}, nil), "++-++++o+++", nil},
		"M2M that is over":       {m2m(nil, members{"exp": noon.Unix() - 60}), "+++++++o-++", nil},
		"M2M in too many pieces": {m2m(nil, nil) + ".", "+-", nil},
	} {
		t.Run(name, func(t *testing.T) {
			v := atNoon(keys())
			e := v.ExplainMachine(context.Background(), test.token, verifier.MachineRequirements{
				Audiences: test.audiences, ClockSkew: verifier.DefaultClockSkew,
			})
			if got := results(e); got != test.results {
				t.Errorf("expected %s, got %s", test.results, got)
			}
			_, err := verifyMachine(v, test.token, test.audiences...)
			expectSameReason(t, e, err)
			checkExplanation(t, e, test.token)
		})
	}
}

// What is shown must not be of use to whoever reads it over a shoulder, or in
// a ticket.
func TestAnExplanationShowsNoTokenInsideOfAnother(t *testing.T) {
	inner := good()
	signature := inner[strings.LastIndexByte(inner, '.')+1:]
	for name, payload := range map[string]members{
		"a handshake":         session(members{"handshake": []string{"__session=" + inner + "; Path=/", "__client=opaque; Path=/"}}),
		"a claim":             session(members{"inner": inner}),
		"a list":              session(members{"inner": []any{1, []string{inner}}}),
		"an object's name":    session(members{"inner": members{inner: 1}}),
		"a claim's name":      session(members{inner: 1}),
		"the token's end cut": session(members{"inner": inner[:len(inner)-5]}),
	} {
		t.Run(name, func(t *testing.T) {
			e := explain(sign(header(nil), payload))
			shown := toJSON(e)
			if strings.Contains(shown, signature[:20]) || strings.Contains(shown, inner[:40]) || strings.Contains(shown, "opaque") {
				t.Errorf("expected no token, got %s", shown)
			}
		})
	}
	escaped := strings.ReplaceAll(toJSON(session(nil)), `"sub"`, `"\u0065yJ`+inner[3:]+`":1,"sub"`)
	if shown := toJSON(explain(signText(toJSON(header(nil)), escaped))); strings.Contains(shown, signature[:20]) {
		t.Errorf("expected no token behind an escape, got %s", shown)
	}
}

func TestAnExplanationIsFitForATerminal(t *testing.T) {
	many := make(members, 200)
	for i := range 200 {
		many["m"+strconv.Itoa(i)] = nasty
	}
	for _, token := range []string{
		sign(header(members{"kid": strings.Repeat(nasty, 50), nasty: nasty}), session(members{nasty: strings.Repeat(nasty, 100)})),
		sign(header(nil), session(many)),
		signText(toJSON(header(nil)), "{\"sub\":\"\xff\x9b\u009b2J\"}"),
	} {
		checkExplanation(t, explain(token), token)
	}
}

// FuzzExplain holds explanations against what Verify decides, and looks for
// what they must not show. The text is a token, or a payload that is signed.
func FuzzExplain(f *testing.F) {
	for _, token := range append(oddTokens(), "", "..", good(), tampered(), m2m(nil, nil), oauth(nil, nil), nasty) {
		f.Add(token)
	}
	for _, changes := range []members{
		{},
		{"exp": 1e300},
		{"exp": -1e300},
		{"nbf": "x"},
		{"iat": 1 << 60},
		{"aud": []any{"a", nil}},
		{"azp": 1},
		{nasty: nasty},
		{"handshake": []any{"a=b"}},
		{"sub": "mch_1"},
		{"x": members{"y": []any{nil, true, 1.5, members{}}}},
	} {
		f.Add(toJSON(session(changes)))
	}
	f.Add(`{"a":1e999,"a":"` + strings.Repeat("\u20ac", 400) + `"}`)
	v := atNoon(keys())
	f.Fuzz(func(t *testing.T, text string) {
		tokens := []string{text}
		if json.Valid([]byte(text)) && len(text) < 4096 {
			tokens = append(tokens, signText(`{"alg":"RS256","kid":"ins_1"}`, text), signText(text, toJSON(session(nil))))
		}
		for _, token := range tokens {
			e := v.Explain(context.Background(), token, demands)
			_, err := v.Verify(context.Background(), token, demands)
			expectSameReason(t, e, err)
			checkExplanation(t, e, token)
			e = v.ExplainMachine(context.Background(), token, verifier.MachineRequirements{ClockSkew: verifier.DefaultClockSkew})
			_, err = verifyMachine(v, token)
			expectSameReason(t, e, err)
			checkExplanation(t, e, token)
		}
	})
}

func expectSameReason(t *testing.T, e *verifier.Explanation, err error) {
	t.Helper()
	refusal := e.Refusal()
	switch {
	case (refusal == nil) != (err == nil):
		t.Errorf("expected %v, got %+v", err, refusal)
	case err != nil && refusal.Reason != verifier.ReasonOf(err):
		t.Errorf("expected the reason %s, got %s", verifier.ReasonOf(err), refusal.Reason)
	}
}

// checkExplanation looks for what an explanation must not contain.
func checkExplanation(t *testing.T, e *verifier.Explanation, token string) {
	t.Helper()
	texts := make([]string, 0, 64)
	for _, c := range e.Checks {
		texts = append(texts, c.Finding, c.Remedy)
	}
	for _, m := range append(e.Header, e.Claims...) {
		texts = append(texts, m.Name, m.Value, m.Note)
	}
	signature := token[strings.LastIndexByte(token, '.')+1:]
	for _, text := range texts {
		if len(text) > 2048 {
			t.Errorf("expected a bounded text, got %d bytes", len(text))
		}
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return !strconv.IsPrint(c) }) {
			t.Errorf("expected one line that prints, got %q", text)
		}
		if len(signature) >= 16 && strings.Contains(text, signature) {
			t.Errorf("expected no signature, got %q", text)
		}
	}
	if len(e.Checks) > 13 || len(e.Header) > 65 || len(e.Claims) > 65 {
		t.Errorf("expected bounded lists, got %d, %d and %d", len(e.Checks), len(e.Header), len(e.Claims))
	}
}
