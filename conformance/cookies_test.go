// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"crypto/sha1"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
)

// suffix is what the names of the instance's cookies end in.
func (g *generator) suffix() string {
	sum := sha1.Sum([]byte(g.c.Options.PublishableKey))
	return "_" + base64.URLEncoding.EncodeToString(sum[:])[:8]
}

// cookie adds a cookie to the request.
func (g *generator) cookie(name, value string) { g.crumbs = append(g.crumbs, name+"="+value) }

// sessionCookies adds a session and the moment it was last touched, with the
// suffix, without, or both.
func (g *generator) sessionCookies() {
	s := g.session()
	if g.c.Options.Organizations != nil && g.oneIn(2) {
		s = g.member()
	}
	if g.c.Options.acceptsMachines() && g.oneIn(10) {
		s = g.machineJWT()
	}
	uat := g.uat(s.issuedAt)
	suffix := g.suffix()
	switch g.IntN(10) {
	case 0, 1, 2:
		g.sessionCookie("", s, uat)
	case 3, 4:
		g.sessionCookie(suffix, s, uat)
	case 5, 6:
		g.sessionCookie("", s, uat)
		g.sessionCookie(suffix, s, uat)
	case 7:
		other := g.session()
		g.sessionCookie("", s, uat)
		g.sessionCookie(suffix, other, g.uat(other.issuedAt))
	case 8:
		r := g.plainSession()
		r.payload["iss"] = "https://clerk.other.example"
		g.sessionCookie("", g.bake(r), g.uat(s.issuedAt))
		g.sessionCookie(suffix, s, uat)
	case 9:
		g.sessionCookie(pick(g.chance, "", suffix), s, uat)
		g.sessionCookie("_AAAAAAAA", g.goodSession(), uat)
	}
	if g.oneIn(12) {
		g.sessionCookie(pick(g.chance, "", suffix), g.session(), g.uat(s.issuedAt))
	}
}

// sessionCookie adds one set of cookies, seldom less a part of it.
func (g *generator) sessionCookie(suffix string, s token, uat string) {
	missing := g.IntN(14)
	if missing != 0 {
		g.cookie("__session"+suffix, g.spelled(s))
	}
	if missing != 1 {
		g.cookie("__client_uat"+suffix, uat)
	}
}

// spelled writes a token as the value of a cookie, mostly as it is. One that
// another stands in for must be found again.
func (g *generator) spelled(t token) string {
	value := t.text
	if len(t.standIns) > 0 || !g.oneIn(25) {
		return value
	}
	return pick(g.chance,
		`"`+value+`"`, " "+value+" ", strings.ReplaceAll(value, ".", "%2E"), strings.ReplaceAll(value, ".", "%2e"),
		url.QueryEscape(value)+"%", value+"%zz", value+"%ff", "", value+"%3B", value+" x")
}

// uat gives a moment around that of a token, or something that may be read as
// one.
func (g *generator) uat(issuedAt int64) string {
	if issuedAt == 0 {
		issuedAt = g.c.Now/1000 - near
	}
	at := strconv.FormatInt(issuedAt, 10)
	switch g.IntN(16) {
	case 0:
		return "0"
	case 1:
		return strconv.FormatInt(issuedAt+1, 10)
	case 2:
		return strconv.FormatInt(issuedAt+near, 10)
	case 3:
		return pick(g.chance, at+"abc", "1e3", "-5", "0x10", "%20"+at, "+"+at, "NaN", "Infinity", ".5", "1_000",
			at+".9", "00", "0abc", "", "x"+at, "999999999999", "%C2%A0"+at, "-0", "0.5", `"`+at+`"`)
	case 4, 5:
		return at
	default:
		return strconv.FormatInt(issuedAt-near, 10)
	}
}

// otherCookies adds the rest of Clerk's cookies, and strange ones.
func (g *generator) otherCookies() {
	suffix := g.suffix()
	if isDevelopment(g.c) && !g.oneIn(8) || g.oneIn(12) {
		switch g.IntN(4) {
		case 0:
			g.cookie("__clerk_db_jwt", "dvb_plain")
		case 1:
			g.cookie("__clerk_db_jwt"+suffix, "dvb_suffixed")
		case 2:
			g.cookie("__clerk_db_jwt", "dvb_both")
			g.cookie("__clerk_db_jwt"+suffix, "dvb_both")
		case 3:
			g.cookie("__clerk_db_jwt", "dvb_p%2B=")
			g.cookie("__clerk_db_jwt"+suffix, "dvb_s")
		}
	}
	if g.oneIn(6) {
		g.cookie("__clerk_redirect_count", pick(g.chance, "1", "2", "3", "3", "4", "03", "0x3", "3.0", "-1", "abc", "1e0",
			"", "3abc", "Infinity", "2.5", "0b11", " 3 ", "%203", "1e21", "1e-7", "0"))
	}
	if g.oneIn(8) {
		g.crumbs = append(g.crumbs, pick(g.chance, "theme=dark", "__session", "=x", "", "a=b=c", " __session =x", "__Session=x",
			"%5F%5Fsession=x", "__client_uat", "__clerk_other=1", `q="a; __client_uat=7"`, "__proto__=x"))
	}
}

// cookieHeaders writes the cookies into one header field or several.
func (g *generator) cookieHeaders() {
	if len(g.crumbs) == 0 {
		return
	}
	if g.oneIn(4) {
		g.Shuffle(len(g.crumbs), func(i, j int) { g.crumbs[i], g.crumbs[j] = g.crumbs[j], g.crumbs[i] })
	}
	if len(g.crumbs) > 1 && g.oneIn(20) {
		g.header("Cookie", g.crumbs[0])
		g.crumbs = g.crumbs[1:]
	}
	g.header("Cookie", strings.Join(g.crumbs, pick(g.chance, "; ", "; ", "; ", ";", " ;\t")))
}
