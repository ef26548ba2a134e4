// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import "strings"

// handshake lets a handshake come back with the request, as a token or as a
// nonce, in the address or in a cookie.
func (g *generator) handshake() {
	nonce := ""
	if byNonce := g.oneIn(2); byNonce {
		nonce = g.nonce()
		g.carry("__clerk_handshake_nonce", nonce)
	}
	if nonce == "" || g.oneIn(10) {
		g.carry("__clerk_handshake", g.handshakeToken(nonce != ""))
	}
}

func (g *generator) carry(name, value string) {
	if g.oneIn(2) {
		g.parameters = append(g.parameters, name+"="+value)
	} else {
		g.cookie(name, value)
	}
}

// nonce makes a nonce, which the Backend API mostly knows.
func (g *generator) nonce() string {
	if g.oneIn(6) {
		return pick(g.chance, "nonce_unknown", "", strings.Repeat("n", 600))
	}
	directives, withSession := g.directives()
	if g.oneIn(20) && g.c.Options.Keys == "" {
		directives = append(directives, g.unusableDirectives()...)
		g.c.UnusablePayload = true
	}
	g.c.Payloads = map[string][]string{"nonce_known": directives}
	g.c.HandshakeNeedsKeys = withSession && g.c.Options.Keys != ""
	return "nonce_known"
}

// directives makes the cookies that a handshake brings.
func (g *generator) directives() (directives []string, withSession bool) {
	const attributes = "; Path=/; SameSite=Lax; Secure"
	signedOut := []string{
		"__session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "__client_uat=0; Path=/",
		"__session" + g.suffix() + "=; Path=/; Max-Age=0",
	}
	switch g.IntN(12) {
	case 0, 1:
		return signedOut, false
	case 2:
		return pick(g.chance, nil, []string{}, []string{"__client_uat=0; Path=/"}, []string{"", ";", "="}), false
	case 3:
		// The last one counts.
		s := "__session=" + g.goodSession().text + attributes
		return append([]string{s}, signedOut...), false
	}
	s := g.returnedSession()
	return []string{
		"__client_uat=1; Path=/",
		"__session" + g.suffix() + "=" + s + attributes,
		pick(g.chance, "__session=", "__session=", "__session_other=") + s + pick(g.chance, attributes, ""),
	}, true
}

// returnedSession makes the session token of a handshake: mostly good, else
// off by some time, or refused.
func (g *generator) returnedSession() string {
	r := g.plainSession()
	now := g.c.Now / 1000
	offset := pick[int64](g.chance, far, far, farther)
	if g.c.Options.Keys != "" {
		return g.bake(r).text
	}
	switch g.IntN(12) {
	case 0, 1:
		r.payload["iat"], r.payload["exp"] = now-offset-near, now-offset
	case 2:
		r.payload["nbf"] = now + offset
	case 3:
		r.payload["iat"] = now + offset
	case 4:
		r.byStranger = true
	case 5:
		r.payload["azp"] = "https://evil.example"
	case 6:
		r.payload["iss"] = "https://clerk.other.example"
	case 7:
		r.payload["sts"] = "pending"
	case 8:
		r.header["kid"] = unknownKey
	}
	return g.bake(r).text
}

// handshakeToken makes a handshake token.
func (g *generator) handshakeToken(unused bool) string {
	directives, _ := g.directives()
	r := &recipe{
		header:  map[string]any{"alg": "RS256", "typ": "JWT", "kid": instanceKey},
		payload: map[string]any{"handshake": directives},
	}
	if g.oneIn(2) {
		r.header["cat"] = categorySession
	}
	if g.c.Options.Keys == "" {
		g.spoil(r)
	} else if !unused {
		g.c.HandshakeNeedsKeys = true
	}
	return g.bake(r).text
}

// spoil does something to a handshake token, more often than not.
func (g *generator) spoil(r *recipe) {
	now := g.c.Now / 1000
	if isDevelopment(g.c) && g.oneIn(3) {
		g.late(r)
		return
	}
	switch g.IntN(30) {
	case 0, 1:
		r.byStranger = true
	case 2:
		r.header["kid"] = unknownKey
	case 3:
		r.header["cat"] = pick[any](g.chance, categoryTemplate, categoryMachine, "", nil)
	case 4:
		r.header["typ"] = pick[any](g.chance, "at+jwt", "jwt", nil)
	case 5:
		delete(r.header, "typ")
	case 6:
		r.header["alg"] = pick(g.chance, "none", "HS256", "RS384")
	case 7:
		r.mangle = func(string) string { return pick(g.chance, "garbage", "a.b.c", "x") }
	case 8:
		r.payload["exp"], r.payload["iat"] = now+near, now-near
	case 9:
		delete(r.payload, "handshake")
	case 10:
		r.payload["handshake"] = pick[any](g.chance, []string{}, nil)
	case 11:
		r.payload["sub"] = "mch_1"
	case 12:
		r.rawPayload = "null"
		r.difference, r.insteadText = "null", garbage
	case 13:
		r.header["crit"] = []string{"exp"}
		g.standFor(r, "crit", func(other *recipe) {
			delete(other.header, "crit")
			other.header["typ"] = "demanding"
		})
	case 14:
		r.mangle = func(t string) string { return t + "=" }
		r.difference = "base64url"
		r.insteadText = func(t string) string { return strings.ReplaceAll(t, "=", "!") }
	case 15, 16:
		g.late(r)
	case 17, 18:
		r.payload["handshake"] = append(r.payload["handshake"].([]string), g.unusableDirectives()...)
		g.refuse(r, "handshake-cookies", "token-invalid")
	case 19:
		r.payload["handshake"] = pick[any](g.chance, []any{"__session=x", 7}, []any{nil})
		g.refuse(r, "handshake-cookies", "token-invalid")
	case 20:
		r.payload["handshake"] = pick[any](g.chance, "__session=x", 7, map[string]string{"0": "__session=x"}, false)
	}
}

// late gives a handshake token a time claim that does not hold.
func (g *generator) late(r *recipe) {
	now := g.c.Now / 1000
	reason := "token-expired"
	switch g.IntN(3) {
	case 0:
		r.payload["exp"] = now - far
	case 1:
		r.payload["nbf"] = now + far
		reason = "token-not-active-yet"
	case 2:
		r.payload["iat"] = now + far
		reason = "token-iat-in-the-future"
	}
	g.refuse(r, "handshake-times", reason)
}

// refuse marks a handshake token that this project alone refuses. One with a
// stranger's signature is refused in the same manner, if not for the same
// reason.
func (g *generator) refuse(r *recipe, difference, reason string) {
	g.standFor(r, difference, func(other *recipe) { other.byStranger = true })
	g.c.HandshakeRefusal = reason
}

// unusableDirectives makes cookies that a response cannot or should not carry.
func (g *generator) unusableDirectives() []string {
	switch g.IntN(3) {
	case 0:
		return []string{"a=b\r\nX-Evil: 1"}
	case 1:
		return []string{"a=" + strings.Repeat("x", 9<<10)}
	default:
		return strings.Split(strings.Repeat("a=b ", 70), " ")
	}
}
