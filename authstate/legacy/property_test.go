// SPDX-License-Identifier: Apache-2.0

package legacy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// material is what requests are made of at random: tokens that may sign
// somebody in, and tokens that must not.
type material struct{ good, bad []string }

func newMaterial() *material {
	m := &material{good: []string{
		session(), session(object{"sub": "user_2", "iat": at(-30)}), session(object{"sts": "pending"}), session(object{"iat": nil}),
	}}
	evil := claims(object{"sub": "user_evil"})
	parts := strings.Split(m.good[0], ".")
	m.bad = []string{
		sign(foreignRSA(), jwtHeader(), claims()), sign(foreignRSA(), jwtHeader(), evil), sign(instanceRSA(), jwtHeader(object{"kid": "ins_2"}), evil),
		sign(instanceRSA(), jwtHeader(object{"cat": "cl_B7d4PD222AAA"}), evil), sign(instanceRSA(), jwtHeader(object{"crit": []string{"x"}}), evil),
		session(object{"exp": at(-60)}), session(object{"nbf": at(60)}), session(object{"iat": at(60)}), session(object{"iss": "https://clerk.evil.example"}),
		session(object{"azp": nil}), session(object{"azp": "https://evil.example"}), session(object{"sub": "mch_1"}), session(object{"exp": nil}),
		parts[0] + "." + encode(evil) + "." + parts[2], parts[0] + "." + parts[1] + ".", m.good[0][:len(m.good[0])-8] + "AAAAAAAA", m.good[0] + "=", m.good[0] + ".x",
		encode(jwtHeader(object{"alg": "none"})) + "." + encode(evil) + ".", encode(jwtHeader(object{"alg": "HS256"})) + "." + encode(evil) + "." + parts[2],
		"", "x", "..", "a.b.c", "bnVsbA.bnVsbA.bnVsbA", strings.Repeat("a", 5000), `"` + parts[0],
	}
	return m
}

func pick[T any](random *rand.Rand, list ...T) T { return list[random.IntN(len(list))] }

// token is good as often as not.
func (m *material) token(random *rand.Rand) string {
	if random.IntN(2) == 0 {
		return pick(random, m.good...)
	}
	return pick(random, m.bad...)
}

// request makes the header lines of a request, in any order.
func (m *material) request(random *rand.Rand) []string {
	var lines []string
	add := func(odds int, line string) {
		if random.IntN(odds) == 0 {
			lines = append(lines, line)
		}
	}
	cookies := []string{
		"__session=" + m.token(random), "__session=" + m.token(random), "__session_naoXFJnI=" + m.good[0], "other=__session%3D" + m.good[0],
		"__client_uat=" + pick(random, "1", "0", "", "00", "x", "-5", "0x7", "1e3", "Infinity", strings.Repeat("9", 400)), uat(-15), uat(0), ";;=",
	}
	random.Shuffle(len(cookies), func(i, j int) { cookies[i], cookies[j] = cookies[j], cookies[i] })
	add(1, "Cookie: "+strings.Join(cookies[:random.IntN(len(cookies)+1)], "; "))
	add(3, "Authorization: "+pick(random, "Bearer ", "bearer ", "Basic ", "", "Bearer  ", "Bearer Bearer ")+m.token(random))
	add(4, "Origin: "+pick(random, appOrigin, "https://evil.example", "null", "x", "", "http://"+appHost))
	add(4, "Referer: "+pick(random, appOrigin+"/x", "https://evil.example/", "x", ""))
	add(8, "X-Forwarded-Host: evil.example")
	add(8, "X-Forwarded-Proto: http")
	if random.IntN(6) > 0 {
		lines = append(lines, browser)
	}
	random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return lines
}

// auths has an Authenticator of each kind, all with a demand on the party.
func auths(t testing.TB, keys *keyRing) []*Authenticator {
	t.Helper()
	return []*Authenticator{newAuth(t, false, keys, appOrigin), newAuth(t, true, keys, appOrigin)}
}

// problem says what must not have come of a request; empty if nothing has. The
// text is what the request brought.
func (m *material) problem(s *State, text string) string {
	if problem := incoherence(s); problem != "" {
		return problem
	}
	if s.Status != SignedIn {
		return ""
	}
	switch {
	case !slices.Contains(m.good, s.Token):
		return "signed in by a token that is not good"
	case !strings.Contains(text, s.Token):
		return "signed in by a token that the request did not bring"
	case s.Claims.UserID == "user_evil":
		return "signed in as somebody who has no token"
	}
	return ""
}

func TestNobodyIsSignedInWithoutAValidSignature(t *testing.T) {
	m := newMaterial()
	for _, a := range auths(t, new(keyRing)) {
		random := rand.New(rand.NewPCG(1, 2))
		seen := map[Status]int{}
		for range 2000 {
			lines := m.request(random)
			r, err := read(lines...)
			if err != nil {
				t.Fatalf("%q: %v", lines, err)
			}
			s := a.Authenticate(r)
			seen[s.Status]++
			if problem := m.problem(s, strings.Join(lines, "\n")); problem != "" {
				t.Fatalf("%s: %.2000q", problem, lines)
			}
			if again := a.Authenticate(r); again.Status != s.Status || again.Reason != s.Reason || again.Token != s.Token {
				t.Fatalf("%+v, then %+v: %.2000q", s, again, lines)
			}
		}
		for _, status := range []Status{SignedIn, SignedOut, Interstitial} {
			if seen[status] < 50 {
				t.Errorf("only %d requests were %s", seen[status], status)
			}
		}
	}
}

func TestOnlyTheHeaderTokenDecidesWhenThereIsOne(t *testing.T) {
	m := newMaterial()
	for _, a := range auths(t, new(keyRing)) {
		random := rand.New(rand.NewPCG(3, 4))
		for range 500 {
			header := "Authorization: Bearer " + m.token(random)
			lines := slices.DeleteFunc(m.request(random), func(line string) bool { return strings.HasPrefix(line, "Authorization") })
			alone, among := decide(t, a, header), decide(t, a, append(lines, header)...)
			if alone.Status != among.Status || alone.Reason != among.Reason || alone.Token != among.Token {
				t.Fatalf("%s %q alone, %s %q with %.2000q", alone.Status, alone.Reason, among.Status, among.Reason, lines)
			}
		}
	}
}

func TestWithoutKeysNobodyIsSignedIn(t *testing.T) {
	m := newMaterial()
	for _, a := range auths(t, &keyRing{outage("jwk-remote-failed-to-load")}) {
		random := rand.New(rand.NewPCG(5, 6))
		unavailable := 0
		for range 500 {
			lines := m.request(random)
			s := decide(t, a, lines...)
			if s.Status == SignedIn || incoherence(s) != "" {
				t.Fatalf("%+v: %.2000q", s, lines)
			}
			if s.Unavailable {
				unavailable++
			}
		}
		if unavailable < 50 {
			t.Errorf("only %d requests were undecided", unavailable)
		}
	}
}

// FuzzAuthenticate is given header lines. What is in braces stands for tokens,
// which are signed anew for every run.
func FuzzAuthenticate(f *testing.F) {
	for _, lines := range []string{
		"", browser, "Authorization: Bearer {good}", "Authorization: {good}", "Authorization: Bearer {foreign}", "Authorization: Bearer {unsigned}",
		browser + "\r\nCookie: __session={good}; __client_uat=1", browser + "\r\nCookie: __session={expired}; __client_uat=1",
		browser + "\r\nCookie: __session={foreign}; __client_uat=1", browser + "\r\nCookie: __session={good}; __client_uat=99999999999999999999",
		browser + "\r\nCookie: __session={good}; __client_uat=1\r\nOrigin: null", browser + "\r\nCookie: __session={good}; __client_uat=1\r\nOrigin: https://app.example.com",
		browser + "\r\nCookie: __session={good}; __client_uat=1\r\nReferer: https://app.example.com@evil.example/",
		browser + "\r\nCookie: __session=\"{good}\"; __client_uat=\" 1 \"\r\nX-Forwarded-Host: evil.example\r\nOrigin: https://evil.example",
		browser + "\r\nCookie: __session={evil}; __client_uat=1", "Authorization: Bearer {good}={evil}",
	} {
		f.Add(lines, false)
		f.Add(lines, true)
	}
	m := newMaterial()
	both := auths(f, new(keyRing))
	f.Fuzz(func(t *testing.T, lines string, isDevelopment bool) {
		lines = strings.NewReplacer("{good}", m.good[0], "{expired}", m.bad[5], "{foreign}", m.bad[0], "{evil}", m.bad[13], "{unsigned}", m.bad[18]).Replace(lines)
		r, err := read(lines)
		if err != nil {
			return
		}
		a := both[0]
		if isDevelopment {
			a = both[1]
		}
		s := a.Authenticate(r)
		if problem := m.problem(s, lines); problem != "" {
			t.Fatal(problem)
		}
		if again := a.Authenticate(r); again.Status != s.Status || again.Reason != s.Reason {
			t.Fatalf("%+v, then %+v", s, again)
		}
	})
}
