// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"strconv"
	"strings"
)

// devIssuer is a development instance's of today.
const devIssuer = "https://foo-bar-13.clerk.accounts.dev"

// legacyGenerator makes one case.
type legacyGenerator struct {
	chance
	signer *signer
	c      *legacyCase
}

// generateLegacy makes cases. The same seed makes the same ones, but for the
// keys that sign their tokens.
func generateLegacy(seed uint64, count int, s *signer) []*legacyCase {
	cases := make([]*legacyCase, count)
	for i := range cases {
		g := &legacyGenerator{chance: newChance(seed, i), signer: s, c: &legacyCase{ID: i}}
		g.build()
		cases[i] = g.c
	}
	return cases
}

func (g *legacyGenerator) build() {
	c := g.c
	c.Now = pick(g.chance, moments...)
	c.Keys = pick(g.chance, "jwks", "jwks", "jwks", "jwks", "pem", "pem", "pem", "outage")
	c.Development = g.oneIn(2)
	c.Issuer = "https://clerk.example.com"
	if c.Development && g.oneIn(2) {
		c.Issuer = devIssuer
	}
	if g.oneIn(2) {
		c.AuthorizedParties = []string{ourParty, "http://localhost:3000"}
	}
	g.address()
	g.agent()
	if g.oneIn(3) {
		g.authorization()
	}
	g.origins()
	g.cookies()
}

func (g *legacyGenerator) header(name, value string) {
	g.c.Headers = append(g.c.Headers, [2]string{name, value})
}

func (g *legacyGenerator) address() {
	c := g.c
	c.Scheme, c.Host = "https", pick(g.chance, "app.example.com", "app.example.com", "App.Example.com", "app.example.com:443", "app.example.com:8443", "[::1]")
	if g.oneIn(4) {
		c.Scheme, c.Host = "http", pick(g.chance, "localhost:3000", "localhost:3000", "app.example.com", "app.example.com:80")
	}
	if !g.oneIn(4) {
		return
	}
	c.Trusted = !g.oneIn(3)
	if g.oneIn(2) {
		g.header("X-Forwarded-Host", pick(g.chance, "public.example", "app.example.com", "public.example:8443"))
	}
	if g.oneIn(2) {
		g.header("X-Forwarded-Proto", pick(g.chance, "https", "https", "http"))
	}
	if g.oneIn(4) {
		g.header("X-Forwarded-Port", pick(g.chance, "443", "8443", "80"))
	}
}

func (g *legacyGenerator) agent() {
	agent := pick(g.chance, "Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0", "Mozilla/4.0", "Mozilla/")
	if g.oneIn(8) {
		agent = pick(g.chance, "curl/8.5.0", "mozilla/5.0", "Mozilla", "Go-http-client/1.1", "x Mozilla/5.0", "")
	}
	if agent != "" {
		g.header("User-Agent", agent)
	}
}

func (g *legacyGenerator) authorization() {
	token, _ := g.session()
	scheme := pickWeighted(g.chance, []weighted[string]{{24, "Bearer "}, {6, ""}, {1, "bearer "}, {1, "Bearer Bearer "}})
	switch g.IntN(16) {
	case 0:
		scheme, token = "", pick(g.chance, "Basic dXNlcjpwYXNz", "Bearer ", "")
	case 1:
		scheme, token = "Basic ", "Og=="
	}
	g.header("Authorization", scheme+token)
	// A token with another scheme before it has three parts just the same.
	if scheme == "bearer " || scheme == "Bearer Bearer " {
		whole := legacyStandIn{Differences: []string{"malformed"}, Token: scheme + token, Instead: "unreadable"}
		g.c.StandIns = append([]legacyStandIn{whole}, g.c.StandIns...)
	}
}

// origins adds Origin and Referer.
func (g *legacyGenerator) origins() {
	scheme, host := g.c.address()
	host = strings.ToLower(withoutPort(scheme, host))
	other := map[string]string{"http": "https", "https": "http"}[scheme]
	address := func() string {
		return pickWeighted(g.chance, []weighted[string]{
			{8, scheme + "://" + host},
			{2, pick(g.chance, "https://evil.example", "https://accounts.example.com", "https://"+host+".evil.example")},
			{1, other + "://" + host},
			{1, scheme + "://" + strings.Split(host, ":")[0] + ":9999"},
			{1, pick(g.chance, "null", "x", "//"+host, "https://", scheme+"://x@"+host, scheme+"://"+host+`\x`, scheme+":"+host, "about:blank", "")},
		})
	}
	if g.oneIn(3) {
		g.header("Origin", address())
		if g.oneIn(20) {
			g.header("Origin", address())
		}
	}
	if g.oneIn(3) {
		g.header("Referer", address()+pick(g.chance, "", "/", "/sign-in?a=https://evil.example", "/%zz", "#x"))
	}
}

func (g *legacyGenerator) cookie(name, value string) {
	g.c.Cookies = append(g.c.Cookies, [2]string{name, value})
}

func (g *legacyGenerator) cookies() {
	if g.oneIn(12) {
		g.cookie("other", "__session=x")
	}
	token, issuedAt := g.session()
	if !g.oneIn(5) {
		g.cookie("__session", token)
	}
	if !g.oneIn(6) {
		g.cookie("__client_uat", g.uat(issuedAt))
	}
	if g.oneIn(15) {
		second, _ := g.session()
		g.cookie("__session", second)
		g.cookie("__client_uat", g.uat(issuedAt))
	}
	if g.oneIn(15) {
		g.cookie("__session_naoXFJnI", "x")
		g.cookie("__client_uat_naoXFJnI", "0")
	}
	if g.oneIn(4) {
		g.Shuffle(len(g.c.Cookies), func(i, j int) { g.c.Cookies[i], g.c.Cookies[j] = g.c.Cookies[j], g.c.Cookies[i] })
	}
}

// uat gives a moment around that of a token, or something that may be read as
// one.
func (g *legacyGenerator) uat(issuedAt int64) string {
	if issuedAt == 0 {
		issuedAt = g.c.Now/1000 - near
	}
	at := strconv.FormatInt(issuedAt, 10)
	switch g.IntN(14) {
	case 0:
		return "0"
	case 1:
		return strconv.FormatInt(issuedAt+1, 10)
	case 2:
		return strconv.FormatInt(issuedAt+near, 10)
	case 3:
		return pick(g.chance, at+"abc", "1e3", "-5", "0x10", "+"+at, "NaN", "Infinity", ".5", at+".9", "00", "007", "", "x", strings.Repeat("9", 30), "-0", "1_0")
	case 4, 5:
		return at
	default:
		return strconv.FormatInt(issuedAt-near, 10)
	}
}
