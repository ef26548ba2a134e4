// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// forAll runs a check on some thousand random requests to Authenticators of
// every kind, the same ones each time.
func forAll(t *testing.T, check func(t *testing.T, w *wild, random *rand.Rand, lines []string, s *State)) {
	t.Helper()
	for i, w := range wilds(t) {
		t.Run(w.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			seen := map[Status]int{}
			for range 250 {
				lines := w.request(random)
				r, err := send(lines)
				if err != nil {
					continue
				}
				s := w.auth.Authenticate(r)
				seen[s.Status]++
				check(t, w, random, lines, s)
				if t.Failed() {
					t.Fatalf("%.2000q", lines)
				}
			}
			for _, status := range []Status{SignedIn, SignedOut, Handshake} {
				if seen[status] < 2 {
					t.Errorf("only %d requests were %s", seen[status], status)
				}
			}
		})
	}
}

func TestNoRequestGetsMoreThanItMay(t *testing.T) {
	forAll(t, func(t *testing.T, w *wild, _ *rand.Rand, _ []string, s *State) {
		if problem := w.problem(s); problem != "" {
			t.Error(problem)
		}
	})
}

func TestOnlyWhatARequestBringsSignsItIn(t *testing.T) {
	forAll(t, func(t *testing.T, w *wild, _ *rand.Rand, lines []string, s *State) {
		if s.Status != SignedIn || s.Returned {
			return
		}
		text := strings.Join(slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
			return !strings.HasPrefix(line, "Cookie") && !strings.HasPrefix(line, "Authorization")
		}), "\n")
		refreshed := s.Token == w.sessions[0] && len(s.Cookies) > 0 && strings.Contains(text, w.sessions[10]) && strings.Contains(text, "=r_good")
		if !refreshed && !strings.Contains(text, s.Token) {
			t.Error("the token came neither in a cookie nor in the header, nor for one that had expired")
		}
	})
}

// sameDecision tells whether two States are one decision.
func sameDecision(a, b *State) bool {
	return a.Status == b.Status && a.Reason == b.Reason && a.Message == b.Message && a.Token == b.Token && a.Location == b.Location &&
		slices.Equal(a.Cookies, b.Cookies) && a.Returned == b.Returned && a.Unavailable == b.Unavailable && a.Loop == b.Loop && a.Refused == b.Refused
}

func TestTheSameRequestIsDecidedTheSame(t *testing.T) {
	forAll(t, func(t *testing.T, w *wild, _ *rand.Rand, lines []string, s *State) {
		again, err := send(lines)
		if err != nil {
			t.Fatal(err)
		}
		first, second := w.auth.Authenticate(again), w.auth.Authenticate(again)
		if !sameDecision(s, first) || !sameDecision(first, second) {
			t.Errorf("%+v, then %+v and %+v", s, first, second)
		}
	})
}

func TestTheOrderAndTheCaseOfHeadersDoNotMatter(t *testing.T) {
	forAll(t, func(t *testing.T, w *wild, random *rand.Rand, lines []string, s *State) {
		mixed := slices.Clone(lines)
		random.Shuffle(len(mixed)-1, func(i, j int) { mixed[i+1], mixed[j+1] = mixed[j+1], mixed[i+1] })
		for i, line := range mixed[1:] {
			name, value, _ := strings.Cut(line, ":")
			mixed[i+1] = pick(random, strings.ToLower, strings.ToUpper, func(s string) string { return s })(name) + ":" + pick(random, " ", "  ", "") + strings.TrimSpace(value)
		}
		r, err := send(mixed)
		if err != nil {
			t.Fatal(err)
		}
		if other := w.auth.Authenticate(r); !sameDecision(s, other) {
			t.Errorf("%+v, and %+v for %q", s, other, mixed)
		}
	})
}

func TestWithoutKeysNobodyIsSignedIn(t *testing.T) {
	forAll(t, func(t *testing.T, w *wild, _ *rand.Rand, lines []string, _ *State) {
		w.keys.outage = errors.New("no route to host")
		defer func() { w.keys.outage = nil }()
		r, err := send(lines)
		if err != nil {
			t.Fatal(err)
		}
		s := w.auth.Authenticate(r)
		if s.Status == SignedIn && s.Machine == nil || s.Unavailable && s.Location != "" {
			t.Errorf("%+v", s)
		}
		if problem := w.problem(s); problem != "" {
			t.Error(problem)
		}
	})
}

func TestAnAuthenticatorServesManyAtOnce(t *testing.T) {
	w := newWild(t, "", liveKey, func(o *Options) { o.Handshakes = nil })
	good := script(t, "/", "__client_uat=1", "__session="+w.sessions[0])
	done := make(chan string)
	for i := range 8 {
		go func() {
			random := rand.New(rand.NewPCG(3, uint64(i)))
			for range 100 {
				r, err := send(w.request(random))
				if err != nil {
					continue
				}
				if problem := w.problem(w.auth.Authenticate(r)); problem != "" {
					done <- problem
					return
				}
				if s := w.auth.Authenticate(good.Clone(t.Context())); s.Status != SignedIn {
					done <- string(s.Status)
					return
				}
			}
			done <- ""
		}()
	}
	for range 8 {
		if problem := <-done; problem != "" {
			t.Error(problem)
		}
	}
}

// FuzzAuthenticate is given headers and a target. What is in braces stands for
// tokens, which are signed anew for every run.
func FuzzAuthenticate(f *testing.F) {
	for _, headers := range []string{
		"", "Authorization: Bearer {good}", "Cookie: __session={good}; __client_uat=1", "Cookie: __session={expired}; __client_uat=1",
		"Cookie: __session={foreign}; __client_uat=1", "Cookie: __clerk_handshake={handshake}", "Cookie: __clerk_handshake_nonce=nonce_0",
		"Cookie: __client_uat=1; __clerk_redirect_count=3", "Authorization: {good}\r\nReferer: https://evil.example/",
		"Cookie: __session_naoXFJnI={good}; __client_uat_naoXFJnI=1; __session={expired}", "Sec-Fetch-Dest: empty\r\nUpgrade: websocket",
		"X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\nCookie: __client_uat=1",
		"Transfer-Encoding: chunked\r\nCookie: __session=%7bgood%7d", "Cookie: __session={unsigned}; __client_uat=1",
	} {
		for _, target := range []string{"/", "//evil.example/x", `/\evil`, "/?__clerk_handshake={handshake}", "/?__clerk_db_jwt=x&a=%zz", "http://evil.example/", "*"} {
			f.Add(headers, target, byte(0))
			f.Add(headers, target, byte(1))
			f.Add(headers, target, byte(3))
		}
	}
	list := wilds(f)
	f.Fuzz(func(t *testing.T, headers, target string, kind byte) {
		w := list[int(kind)%len(list)]
		text := strings.NewReplacer("{good}", w.sessions[0], "{expired}", w.sessions[10], "{foreign}", w.forged[0], "{unsigned}", w.forged[7],
			"{handshake}", w.handshakes[0]).Replace("GET " + target + " HTTP/1.1\r\nSec-Fetch-Dest: document\r\n" + headers)
		r, err := send([]string{text})
		if err != nil {
			return
		}
		r.Host = appHost
		s := w.auth.Authenticate(r)
		if problem := w.problem(s); problem != "" {
			t.Fatal(problem)
		}
		proofs := slices.Concat(w.handshakes[:3], w.sessions[:11], w.machines)
		if s.Status == SignedIn && !slices.ContainsFunc(proofs, func(proof string) bool { return strings.Contains(text, proof) }) &&
			!strings.Contains(text, "nonce_") {
			t.Fatalf("signed in by %q", text)
		}
		if s.Status == SignedOut && s.Location != "" && !s.Returned {
			t.Fatalf("signed out and redirected to %q", s.Location)
		}
		if again := w.auth.Authenticate(r); !sameDecision(s, again) {
			t.Fatalf("%+v, then %+v", s, again)
		}
		if r.Method != http.MethodGet {
			t.Fatalf("read %q as %s", text, r.Method)
		}
	})
}
