// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"net/url"
	"slices"
	"strings"
)

// authorization adds an Authorization header.
func (g *generator) authorization() {
	text := g.session().text
	if g.c.Options.acceptsMachines() && !g.oneIn(4) {
		text = g.machineToken()
	}
	value := pickWeighted(g.chance, []weighted[string]{
		{12, "Bearer " + text},
		{3, text},
		{1, "bearer " + text},
		{1, "Basic dXNlcjpwYXNz"},
		{1, "Bearer  " + text},
		{1, "Bearer " + text + " more"},
		{1, pick(g.chance, "Bearer", "Bearer\t"+text, "Token "+text, "ak_secret", "Bearer mt_secret", "Bearer null", "\"\"")},
	})
	g.header("Authorization", value)
	if !strings.Contains(value, text) {
		// The answer was about another token.
		g.c.Machine, g.c.SpentMachine = nil, false
	}
}

// navigation adds the headers by which a document is known.
func (g *generator) navigation() {
	switch g.IntN(12) {
	case 0:
		g.header("Sec-Fetch-Dest", "iframe")
	case 1:
		g.header("Sec-Fetch-Dest", pick(g.chance, "empty", "script", "image", "Document", ""))
	case 2, 3, 4:
	default:
		g.header("Sec-Fetch-Dest", "document")
	}
	if !g.oneIn(8) {
		g.header("Accept", pick(g.chance, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html", "text/html", "*/*",
			"application/json", "application/xhtml+xml,text/html", "TEXT/HTML", "text/htmlx", ""))
	}
	if g.oneIn(3) {
		g.header("Referer", g.referrer())
	}
	if g.oneIn(60) {
		g.header("Upgrade", pick(g.chance, "websocket", "WebSocket", "h2c"))
	}
	if g.oneIn(40) {
		g.header("X-Forwarded-Host", pick(g.chance, "evil.example", "www.example.com, inner", "", "a b"))
	}
	if g.oneIn(40) {
		g.header("X-Forwarded-Proto", pick(g.chance, "https", "http,https", "", "javascript"))
	}
	if g.oneIn(20) {
		g.header("Origin", pick(g.chance, "https://app.example.com", "null", "https://evil.example", "http://localhost:3000"))
	}
}

func (g *generator) referrer() string {
	if g.oneIn(10) {
		return "https://other.example.com/" + strings.Repeat("a", 5<<10)
	}
	api := frontendAPI(g.c.Options.PublishableKey)
	return pick(g.chance,
		g.c.Scheme+"://"+g.c.Host+"/before", g.c.Scheme+"://"+strings.ToUpper(g.c.Host)+"/before?x",
		"https://search.example/?q=clerk", "https://search.example/", "https://other.example.com:8443/",
		"https://"+api+"/v1/client", "http://"+api+":1234/", "https://accounts.example.com/sign-in",
		"http://accounts.example.com/", "https://foo-bar-13.accounts.dev/sign-in", "https://evil.accounts.dev/",
		"https://other-app-1.clerk.accounts.dev/", "https://accounts.foo.lcl.dev/", "https://app.example.com/",
		"https://accounts.evil.example/", "not a URL", "about:blank", "android-app://com.example/", "", "https://", "//x/")
}

// address chooses where the request goes.
func (g *generator) address() {
	g.c.Scheme = pick(g.chance, "https", "https", "https", "http")
	g.c.Host = pickWeighted(g.chance, []weighted[string]{
		{30, "app.example.com"},
		{3, "localhost:3000"},
		{1, "app.example.com:443"},
		{1, "app.example.com:80"},
		{1, "app.example.com:8443"},
		{1, "App.Example.COM"},
		{1, "[::1]:3000"},
		{1, "127.0.0.1"},
		{1, "app.example.com."},
	})
}

// target chooses the path and the query, among which Clerk's parameters are.
func (g *generator) target() {
	path, query, _ := strings.Cut(pick(g.chance, targets...), "?")
	if g.oneIn(2) {
		path, query = pick(g.chance, "/", "/dashboard", "/a/b"), ""
	}
	if strings.HasPrefix(g.c.Options.SignInURL, "/") && g.oneIn(15) {
		path = pick(g.chance, "/sign-in", "/sign-in/tasks", "/sign-in/")
	}
	if g.c.Options.Organizations != nil && !g.oneIn(4) {
		path = pick(g.chance, organizationPaths...)
	}
	if g.oneIn(150) {
		path = pick(g.chance, strings.Repeat("/a", 300), "/"+strings.Repeat("a", 17<<10))
	}
	var pairs []string
	if query != "" {
		pairs = strings.Split(query, "&")
	}
	for _, pair := range g.parameters {
		at := g.IntN(len(pairs) + 1)
		pairs = append(pairs[:at:at], append([]string{pair}, pairs[at:]...)...)
	}
	g.c.Target = path
	if len(pairs) > 0 || g.oneIn(40) {
		g.c.Target += "?" + strings.Join(pairs, "&")
	}
}

// targets are addresses that are written in more than one way, or that are
// meant to be taken for others.
var targets = []string{
	"/p?x=1&y=2", "/p?q=%20a+b", "/p?x", "/p?~tilde", "/p?a=%zz", "/p?a=%ff", "/p;v=1?b;c", "/a/../b", "/a/%2e%2e/b?x=%2E",
	"//evil.example/x", "/.//evil.example/x", `/\evil.example/x`, `//\evil.example?x`, "/%C3%BC?%C3%BC=%c3%bc", "/a|b?a|b",
	`/a"b?a"b`, "/a<b>?<b>", "/a^b`c?a^b`c", "/a{b}?{b}", "/a'b?a='b'", "/?a=b;c=d", "/?&&a=1&", "/?=v", "/?a=b=c", "/p?a=1?b",
	"/./x?a=%00", "/..", "/a//b", "/@evil.example?@", "/:80?:", "/x?redirect_url=https%3A%2F%2Fevil.example", "/%2F%2Fevil.example",
	"/a%20b?c=%2B", "/a+b?c=+", "/?a[]=1&a[]=2", "/?*=!'()", "/x?https://evil.example/?y=z", "/%5Cevil", "/a$b?$", "/x?%5f_clerk=1",
	"/p#fragment",
}

// organizationPaths are addresses that may be an organization's.
var organizationPaths = []string{
	"/orgs/acme", "/orgs/acme", "/orgs/acme/settings", "/orgs/umbrella", "/orgs/umbrella/a/b", "/orgs/other/x", "/ORGS/acme/",
	"/orgs/", "/orgs", "/orgs//x", "/orgs/a%20b", "/orgs/ACME", "/orgs/acme%2Fx", "//orgs/acme", "/orgs/../orgs/acme", "/by-id/org_1",
	"/by-id/org_1/", "/by-id/org_2/x", "/by-id/org_2", "/by-id/org_9", "/me", "/me/", "/me/settings", "/me/settings", "/menu", "/Me",
	"/de/team/acme", "/team/umbrella", "/team/acme", "/teams/7/acme", "/teams/x/acme",
}

// clerkParameters adds parameters that the session protocol knows.
func (g *generator) clerkParameters() {
	add := func(n int, pairs ...string) {
		if g.oneIn(n) {
			g.parameters = append(g.parameters, pick(g.chance, pairs...))
		}
	}
	rare := 30
	if isDevelopment(g.c) {
		rare = 10
	}
	add(rare, "__clerk_db_jwt=dvb_query", "__clerk_db_jwt=dvb_query", "__clerk_db_jwt=", "__clerk_db_jwt", "%5F_clerk_db_jwt=dvb_enc",
		"__clerk_db_jwt=dvb+%2B%20", "__CLERK_DB_JWT=x")
	add(30, "__dev_session=legacy", "__dev_session")
	add(30, "__clerk_help=1", "__clerk_synced=true", "__clerk_synced=false", "__clerk_hs_reason=x")
	if g.c.Options.IsSatellite {
		add(3, "__clerk_synced=true", "__clerk_synced=false", "__clerk_synced=false", "__clerk_synced=", "__clerk_synced=x")
	}
	if g.oneIn(rare) {
		g.satelliteReturn()
	}
	add(60, "__session=query", "suffixed_cookies=true")
}

// satelliteURL is an address that a primary domain may be asked to send people
// back to.
type satelliteURL struct {
	address string
	// origin is that of the address, empty when there is no sending anybody.
	origin   string
	loopback bool
}

var satelliteURLs = []satelliteURL{
	{"http://localhost:3001/back?x=1&__clerk_synced=false", "http://localhost:3001", true},
	{"http://app.localhost/a b?#top", "http://app.localhost", true},
	{"https://127.0.0.1:8443/p?__clerk_db_jwt=old", "https://127.0.0.1:8443", true},
	{"http://[::1]:3001/", "http://[::1]:3001", true},
	{`http://localhost:3001\@evil.example`, "http://localhost:3001", true},
	{"https://app.example.com/?a=1", ourParty, false},
	{" HTTPS://App.Example.com:443/x\t", ourParty, false},
	{"https:app.example.com/x", ourParty, false},
	{`https:/\app.example.com/x`, ourParty, false},
	{"http://localhost:3000/", "http://localhost:3000", true},
	{"https://satellite.example/?a=1", "https://satellite.example", false},
	{"http://app.example.com/", "http://app.example.com", false},
	{"https://app.example.com:8443/", "https://app.example.com:8443", false},
	{"https://user@app.example.com/", "", false},
	{"https://:secret@localhost/", "", false},
	{"https://app.example.com@evil.example/", "", false},
	{"https://app.example.com.evil.example/", "https://app.example.com.evil.example", false},
	{"https://localhost.evil.example/", "https://localhost.evil.example", false},
	{"//evil.example/", "", false},
	{"/relative", "", false},
	{"javascript:alert(1)", "", false},
	{"data:text/html,x", "", false},
	{"ftp://localhost/", "", false},
	{"http://", "", false},
}

// satelliteReturn has the request ask for being sent to a satellite.
func (g *generator) satelliteReturn() {
	if g.oneIn(20) {
		g.parameters = append(g.parameters, satelliteReturn+"=")
		return
	}
	u := pick(g.chance, satelliteURLs...)
	g.c.StrangeSatellite = !u.loopback && (u.origin == "" || !slices.Contains(g.c.Options.AuthorizedParties, u.origin))
	g.parameters = append(g.parameters, satelliteReturn+"="+url.QueryEscape(u.address))
}
