// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// wild makes requests at random, of parts that matter, and knows what may
// come of them.
type wild struct {
	*kit
	name string
	// good are the tokens that may sign somebody in, and directives all that
	// may come out as cookies. Those that are forged are not of the instance.
	good       map[string]bool
	directives map[string]bool
	sessions   []string
	forged     []string
	handshakes []string
	hosts      []string
	// machines are tokens that may sign a machine in, spent those that may not,
	// and sendable the addresses of satellites that may be told of the browser.
	machines, spent, sendable []string
}

// RefreshSession knows several refresh tokens, most of which lead to no good.
func (w *wild) RefreshSession(_ context.Context, r Refresh) ([]string, error) {
	switch r.RefreshToken {
	case "r_good":
		return directivesOf(w.sessions[0]), nil
	case "r_other_person":
		return directivesOf(w.sessions[1]), nil
	case "r_forged":
		return directivesOf(w.forged[0]), nil
	case "r_evil":
		return append(directivesOf(w.sessions[0]), "a=b\r\nX-Evil: 1"), nil
	default:
		return nil, &RefreshError{Reason: r.RefreshToken, Err: errors.New("no such token")}
	}
}

// VerifyMachineToken knows one token of each type.
func (w *wild) VerifyMachineToken(_ context.Context, _, token string) (*Machine, error) {
	switch _, kind, _ := strings.Cut(token, "_"); kind {
	case "good":
		return &Machine{Subject: "user_1"}, nil
	case "revoked":
		return &Machine{Subject: "user_1", Revoked: true}, nil
	case "away":
		return nil, ErrUnavailable
	default:
		return nil, &MachineError{Reason: string(verifier.ReasonTokenInvalid), Message: "not found"}
	}
}

// wilds has an Authenticator of every kind.
func wilds(t testing.TB) []*wild {
	t.Helper()
	list := []*wild{
		newWild(t, "production", liveKey, func(*Options) {}),
		newWild(t, "development", testKey, func(*Options) {}),
		newWild(t, "no Backend API", liveKey, func(o *Options) { o.Handshakes, o.Sessions = nil, nil }),
		newWild(t, "own proxy", liveKey, func(o *Options) { o.ProxyURL, o.SignInURL = "/__clerk", "/sign-in" }),
		newWild(t, "development, own page", testKey, func(o *Options) {
			o.ProxyURL, o.SignInURL = "https://proxy.example.com/c", "https://login.example.com/in?a=1"
		}),
		newWild(t, "strict", liveKey, func(o *Options) {
			o.Requirements.AuthorizedParties, o.Requirements.Audiences = []string{appOrigin}, []string{"this"}
		}),
		newWild(t, "satellite", liveKey, satellite(true)),
		newWild(t, "satellite in development", testKey, satellite(true)),
		newWild(t, "primary domain", testKey, func(o *Options) {
			o.Requirements.AuthorizedParties = []string{appOrigin, "https://sat.example.com"}
		}),
		newWild(t, "any token", liveKey, func(o *Options) { o.AcceptsToken = []string{AnyToken} }),
		newWild(t, "sessions and API keys in development", testKey, func(o *Options) { o.AcceptsToken = []string{SessionToken, APIKey} }),
	}
	return list
}

func newWild(t testing.TB, name, key string, change func(*Options)) *wild {
	t.Helper()
	w := &wild{name: name, good: map[string]bool{}, directives: map[string]bool{}}
	w.kit = newKit(t, key, func(o *Options) { o.Sessions, o.Machines = w, w }, change)
	w.machines = []string{w.m2m(), w.oauth(), "ak_good", "mt_good", "oat_good"}
	w.spent = []string{
		"ak_revoked", "mt_away", "oat_none", "ak_", "mt_a.b.c", "ak_" + strings.Repeat("a", 3<<10), w.m2m(object{"exp": w.at(-60)}),
		sign(foreignRSA(), jwtHeader(object{"typ": "at+jwt"}), w.claims()),
	}
	w.sendable = []string{"http://localhost:3001/", "https://sat.example.com/"}
	for _, change := range []object{
		{},
		{"sub": "user_2", "iat": w.at(-30)},
		{"sts": "pending"},
		{"aud": "this"},
		{"azp": nil},
		{"azp": "https://evil.example"},
		{"iss": appOrigin + "/__clerk"},
		{"iss": "https://clerk.evil.example"},
		{"nbf": w.at(60)},
		{"iat": w.at(60)},
		{"exp": w.at(-60)},
		{"sub": "mch_1"},
	} {
		token := w.session(change)
		w.good[token] = w.accepts(t, token)
		w.sessions = append(w.sessions, token)
	}
	one := w.sessions[0]
	parts := strings.Split(one, ".")
	evil := w.claims(object{"sub": "user_evil"})
	w.forged = []string{
		w.foreign(), sign(foreignRSA(), jwtHeader(), evil), one[:len(one)-8] + "AAAAAAAA", parts[0] + "." + parts[1] + ".", one + ".x",
		sign(instanceRSA(), jwtHeader(object{"cat": templateClass}), evil), sign(instanceRSA(), jwtHeader(object{"kid": "ins_2"}), evil),
		encode(jwtHeader(object{"alg": "none"})) + "." + encode(evil) + ".", encode(jwtHeader(object{"alg": "none"})) + "." + encode(evil) + "." + parts[2],
		parts[0] + "." + encode(evil) + "." + parts[2], base64.RawURLEncoding.EncodeToString([]byte("null")) + ".bnVsbA.bnVsbA",
		"", "x", "..", "a.b.c", strings.Repeat("a", 5000), "%0d%0aX-Evil:%201",
	}
	w.sessions = append(w.sessions, w.forged...)
	for i, session := range []string{one, w.sessions[1], w.sessions[10], w.forged[0], ""} {
		directives := directivesOf(session)
		nonce := fmt.Sprint("nonce_", i)
		w.payloads.directives[nonce] = directives
		w.handshakes = append(w.handshakes, w.handshake(directives...))
		for _, directive := range directives {
			w.directives[directive] = true
		}
	}
	// None of these may set it.
	cookie := "__session=" + one + "; evil"
	w.handshakes = append(w.handshakes, foreign(object{"handshake": []string{cookie}}),
		sign(instanceRSA(), jwtHeader(object{"cat": templateClass}), object{"handshake": []string{cookie}}),
		sign(instanceRSA(), jwtHeader(), object{"handshake": []string{cookie}, "exp": w.at(-60)}),
		w.handshake(cookie, "a\r\nX-Evil: 1"), one, "x", "")
	w.hosts = []string{appHost, w.auth.key.FrontendAPI, strings.TrimPrefix(w.auth.key.accountsURL(), "https://"), "proxy.example.com", "login.example.com", "primary.example.com", w.auth.frontendAPIHost()}
	return w
}

// accepts tells whether a token that the instance signed is good by itself.
// After a handshake, a development instance forgives a clock.
func (w *wild) accepts(t testing.TB, token string) bool {
	t.Helper()
	parsed, err := w.auth.options.Verifier.Parse(token)
	if err != nil {
		t.Fatal(err)
	}
	want := w.auth.options.Requirements
	want.Issuers = []string{w.issuer, w.auth.options.ProxyURL}
	if isPath(w.auth.options.ProxyURL) {
		want.Issuers[1] = appOrigin + w.auth.options.ProxyURL
	}
	_, err = w.auth.options.Verifier.VerifyParsed(t.Context(), parsed, want)
	return err == nil
}

func pick[T any](random *rand.Rand, list ...T) T { return list[random.IntN(len(list))] }

// cookies writes a Cookie header.
func (w *wild) cookies(random *rand.Rand) string {
	suffix := "_" + w.auth.key.CookieSuffix()
	uat := []string{"1", "1", "1", "1", "0", "", "x", unix(w.at(-15)), unix(w.at(0)), "-5", "1e3", "0x7", "Infinity", strings.Repeat("9", 400)}
	list := []string{
		"__session=" + pick(random, pick(random, w.machines...), pick(random, w.sessions...), pick(random, w.sessions...), w.sessions[10]),
		"__session" + suffix + "=" + pick(random, pick(random, w.sessions...), pick(random, w.sessions...), w.sessions[10]),
		"__client_uat=" + pick(random, uat...),
		"__client_uat" + suffix + "=" + pick(random, uat...),
		"__clerk_db_jwt=dvb_1",
		"__clerk_db_jwt" + suffix + "=%0d%0aSet-Cookie:%20evil",
		"__refresh" + suffix + "=" + pick(random, "r_good", "r_good", "r_other_person", "r_other_person", "r_forged", "r_forged", "r_evil", "r_none", "r&evil=1", "%0d%0aX-Evil:%201", ""),
		"__clerk_redirect_count=" + pick(random, "0", "1", "2", "3", "4", "0x3", "NaN", "1e400", "-1", "2;evil", "%0d%0a"),
		"__clerk_handshake=" + pick(random, w.handshakes...),
		"__clerk_handshake_nonce=" + pick(random, "nonce_0", "nonce_1", "nonce_2", "nonce_3", "nonce_4", "x", ""),
		"other=__session%3Dx",
		";;=",
	}
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return strings.Join(list[:random.IntN(len(list))], "; ")
}

func (w *wild) target(random *rand.Rand) string {
	target := pick(random, "/", "/p", "//evil.example/x", `/\evil.example`, "/.//evil.example", "/%2e%2e//evil.example", "/@evil.example", "/sign-in",
		"http://app.example.com/x", "///evil.example", "/#//evil", "/\xff", "/a/../../b", "/x:y@z")
	var query []string
	for range random.IntN(4) {
		query = append(query, pick(random, "a=1", "a=%zz", "__clerk_db_jwt=dvb_2", "__clerk_db_jwt=%0d%0aX", "__dev_session=x",
			"redirect_url=https://evil.example/", "__clerk_synced="+pick(random, "false", "true", ""), "__clerk_help=1",
			"__clerk_handshake="+pick(random, w.handshakes...), "__clerk_handshake_nonce="+pick(random, "nonce_0", "nonce_1", "nonce_4", "x"),
			"__session="+pick(random, w.sessions[:11]...), "%5F%5Fclerk_handshake="+pick(random, w.handshakes...), "\xff=\xfe", "é"))
	}
	if random.IntN(4) == 0 {
		query = append(query, "__clerk_redirect_url="+pick(random, "https://evil.example/", "//evil.example", "http://localhost:3001/x", "https://sat.example.com/?a=%25",
			"https://sat.example.com@evil.example/", "https://localhost:3001.evil.example/", "javascript:alert(1)", "%0d%0a"))
	}
	if len(query) > 0 {
		target += "?" + strings.Join(query, "&")
	}
	return target
}

// request makes the lines of a request, the request line first.
func (w *wild) request(random *rand.Rand) []string {
	lines := []string{pick(random, "GET", "GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "get") + " " + w.target(random) + " HTTP/1.1", "Host: " + appHost}
	for _, header := range []string{
		"Cookie: " + w.cookies(random),
		pick(random, "Sec-Fetch-Dest: document", "Sec-Fetch-Dest: document", "Sec-Fetch-Dest: iframe", "Sec-Fetch-Dest: empty", "Accept: text/html"),
		"Authorization: " + pick(random, "Bearer ", "bearer ", "Basic ", "", "Bearer  ") + pick(random, pick(random, w.sessions...), pick(random, slices.Concat(w.machines, w.spent)...)),
		"Referer: " + pick(random, "https://evil.example/", appOrigin+"/x", "https://accounts.evil.example", "x", "https://x.accounts.dev/"),
		"X-Forwarded-Host: evil.example",
		"X-Forwarded-Proto: " + pick(random, "https", "http", "javascript"),
		"Forwarded: host=evil.example",
		"Upgrade: " + pick(random, "websocket", "h2c"),
		"Origin: " + pick(random, "https://evil.example", "null"),
		"X-Clerk-Auth-Status: signed-in",
		"X-Clerk-Auth-Token: " + w.sessions[0],
	} {
		if odds := pick(random, 1, 2, 3); strings.HasPrefix(header, "Authorization") && odds > 1 || !strings.HasPrefix(header, "Cookie") && odds > 2 {
			continue
		}
		lines = append(lines, header)
	}
	return lines
}

// send reads the lines as a server does.
func send(lines []string) (*http.Request, error) {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.Join(lines, "\r\n") + "\r\n\r\n")))
	if err != nil {
		return nil, err
	}
	r.TLS = new(tls.ConnectionState)
	return r, nil
}

// problem says what must not have come of a request; empty if nothing has.
func (w *wild) problem(s *State) string {
	forgiven := s.Returned && w.auth.key.InstanceType == Development && s.Token == w.sessions[10]
	if s.Machine != nil && (s.Status != SignedIn || !slices.Contains(w.machines, s.Token) || !w.auth.accepts.several || !s.HadHeaderToken() || s.Claims != nil) {
		return fmt.Sprintf("a machine by the token %.20q", s.Token)
	}
	if s.Status == SignedIn && s.Machine == nil && (!w.good[s.Token] && !forgiven || s.Claims == nil || s.Claims.UserID == "user_evil") {
		return fmt.Sprintf("signed in by token %d", slices.Index(w.sessions, s.Token))
	}
	if s.Status != SignedIn && (s.Token != "" || s.Claims != nil) {
		return "an identity without being signed in"
	}
	if s.Status == SignedIn && s.Location != "" && !s.Returned {
		return "signed in and redirected"
	}
	for _, cookie := range s.Cookies {
		if !w.directives[cookie] && !isCounter(cookie) {
			return fmt.Sprintf("the cookie %q", cookie)
		}
	}
	locations := []string{s.Location}
	for _, page := range []func() (string, error){s.SignInURL, s.SignUpURL} {
		if location, err := page(); err == nil {
			locations = append(locations, location)
		}
	}
	for i, location := range locations {
		if i == 0 && s.Reason == ReasonPrimaryRespondsToSyncing && s.Status == Handshake {
			if !slices.ContainsFunc(w.sendable, func(sendable string) bool { return strings.HasPrefix(location, sendable) }) {
				return fmt.Sprintf("a satellite at %q", location)
			}
			continue
		}
		if problem := w.leadsAway(location); location != "" && problem != "" {
			return problem
		}
	}
	header := http.Header{}
	s.Apply(header)
	if problem := unsafeHeader(header); problem != "" {
		return problem
	}
	return ""
}

// isCounter tells whether a cookie is the one that counts redirects.
func isCounter(cookie string) bool {
	number, ok := strings.CutPrefix(cookie, "__clerk_redirect_count=")
	number, rest := strings.CutSuffix(number, "; SameSite=Lax; HttpOnly; Max-Age=2")
	return ok && rest && strings.Trim(number, "-+.0123456789eInfity") == ""
}

// leadsAway says why an address must not be redirected to. It reads addresses
// otherwise than the code that makes them.
func (w *wild) leadsAway(location string) string {
	for i := range len(location) {
		if c := location[i]; c <= ' ' || c > '~' || c == '\\' {
			return fmt.Sprintf("the location %q", location)
		}
	}
	u, err := url.Parse(location)
	if err != nil || u.Scheme != "https" || u.User != nil || !slices.Contains(w.hosts, u.Host) {
		return fmt.Sprintf("the location %q", location)
	}
	back := u.Query()["redirect_url"]
	if w.auth.options.Satellite != nil && len(back) == 0 {
		back = u.Query()[querySyncedBack]
	}
	if u.Host != appHost && (len(back) != 1 || !strings.HasPrefix(back[0], appOrigin+"/")) {
		return fmt.Sprintf("the way back %q", back)
	}
	return ""
}
