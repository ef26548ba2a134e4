// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import "strings"

// refresh has the request bring a refresh token, and the Backend API answer to
// it.
func (g *generator) refresh() {
	g.c.Refresh = pickWeighted(g.chance, []weighted[func() *Answer]{
		{12, func() *Answer { return g.cookiesAnswer(g.withFresh(g.freshSession())) }},
		{1, func() *Answer { return g.cookiesAnswer(g.withFresh("")) }},
		{1, func() *Answer { return g.cookiesAnswer([]string{"__client_uat=1; Path=/", "", "__session"}) }},
		{1, func() *Answer { return g.cookiesAnswer([]string{}) }},
		{1, func() *Answer { return jsonAnswer(200, map[string]any{"object": "cookies"}) }},
		{1, func() *Answer { return jsonAnswer(200, map[string]any{"object": "token", "jwt": g.goodSession().text}) }},
		{1, func() *Answer { return &Answer{200, "text/html", "<html>"} }},
		{1, func() *Answer {
			return &Answer{200, "application/json; charset=utf-8", `{"object":"cookies","cookies":[]}`}
		}},
		{1, func() *Answer { return &Answer{200, "application/json", `{"object":"cookies","cook`} }},
		{5, func() *Answer { return errorAnswer(pick(g.chance, 401, 404, 422, 500), g.errorCode()) }},
		{2, func() *Answer { return errorAnswer(pick(g.chance, 401, 500), "unexpected_error") }},
		{1, func() *Answer { return jsonAnswer(422, map[string]any{"errors": []any{}}) }},
		{1, func() *Answer { return jsonAnswer(429, map[string]any{}) }},
		{2, func() *Answer { return &Answer{pick(g.chance, 502, 403), "text/html", "<html>"} }},
		{1, func() *Answer { return &Answer{Status: 204} }},
		{2, func() *Answer { return &Answer{} }},
		{1, g.unusableAnswer},
	})()
	if g.c.UnusableRefresh || !g.oneIn(8) {
		g.cookie("__refresh"+g.suffix(), "rt_1")
		return
	}
	g.cookie("__refresh"+pick(g.chance, g.suffix(), ""), pick(g.chance, "rt%2B2", ""))
}

// withFresh gives the cookies of an answer, with a session token.
func (g *generator) withFresh(session string) []string {
	const attributes = "; Path=/; SameSite=Lax; Secure"
	cookies := []string{
		"__session" + g.suffix() + "=" + session + attributes,
		"__session=" + session + attributes,
		"__refresh" + g.suffix() + "=rt_2; Path=/; HttpOnly",
		"__client_uat=1; Path=/",
	}
	return cookies[g.IntN(2):]
}

// freshSession makes the session token of an answer, which mostly is good, and
// of the person of all tokens of the case.
func (g *generator) freshSession() string {
	r := g.plainSession()
	now := g.c.Now / 1000
	switch g.IntN(16) {
	case 0:
		r.payload["iat"], r.payload["exp"] = now-far, now-near
	case 1:
		r.payload["nbf"] = now + far
	case 2:
		r.byStranger = true
	case 3, 4:
		r.payload["sub"] = "user_other"
		g.standFor(r, "refresh-person", func(other *recipe) { other.byStranger = true })
	case 5:
		r.payload["sid"] = "sess_other"
	case 6:
		r.payload["sts"] = "pending"
	case 7:
		r.payload["iss"] = "https://clerk.other.example"
	case 8:
		r.payload["azp"] = "https://evil.example"
	case 9:
		g.addOrganization(r)
	case 10:
		r.header["kid"] = unknownKey
	}
	return g.bake(r).text
}

// errorCode makes a code, some of which cannot be a part of a reason.
func (g *generator) errorCode() string {
	return pick(g.chance, "session_not_found", "session_not_found", "session_not_found", "session_not_found", "refresh_token-2",
		"Weird code, with spaces", "UPPER", strings.Repeat("long_", 20))
}

func (g *generator) cookiesAnswer(cookies []string) *Answer {
	return jsonAnswer(200, map[string]any{"object": "cookies", "cookies": cookies})
}

// unusableAnswer brings cookies that a response cannot or should not carry.
func (g *generator) unusableAnswer() *Answer {
	g.c.UnusableRefresh = true
	return g.cookiesAnswer(append(g.withFresh(g.goodSession().text), g.unusableDirectives()...))
}

func jsonAnswer(status int, body any) *Answer {
	return &Answer{status, "application/json", string(mustJSON(body))}
}

func errorAnswer(status int, code string) *Answer {
	return jsonAnswer(status, map[string]any{"errors": []any{map[string]string{"code": code, "message": "refused"}}})
}
