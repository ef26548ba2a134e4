// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"maps"
	"strings"
)

// machineToken makes a token of a machine for the Authorization header: a JWT,
// or one that the Backend API is asked about.
func (g *generator) machineToken() string {
	if g.oneIn(2) {
		return g.machineJWT().text
	}
	prefix := pick(g.chance, "ak_", "mt_", "oat_")
	g.c.Machine = g.machineAnswer(prefix)
	return prefix + pickWeighted(g.chance, []weighted[string]{
		{20, "1234567890"},
		{1, ""},
		{1, "with.one-dot"},
		{3, "with.two.dots"},
		{1, "with..dots"},
		{1, "three.dots.in.it"},
		{1, "eyJ9.e30.AA"},
		{1, `"quoted"<&>`},
		{1, strings.Repeat("x", 3<<10)},
	})
}

// machineAnswer is what the Backend API says about a token.
func (g *generator) machineAnswer(prefix string) *Answer {
	return pickWeighted(g.chance, []weighted[func() *Answer]{
		{10, func() *Answer { return jsonAnswer(200, g.knownMachine(prefix)) }},
		{3, func() *Answer { return g.spentMachine(prefix) }},
		{2, func() *Answer { return errorAnswer(404, "resource_not_found") }},
		{1, func() *Answer { return &Answer{404, "text/html", "<html>"} }},
		{2, func() *Answer { return errorAnswer(401, "clerk_key_invalid") }},
		{1, func() *Answer { return jsonAnswer(401, map[string]any{"errors": []any{}}) }},
		{1, func() *Answer { return errorAnswer(pick(g.chance, 400, 403, 422), "forbidden") }},
		{1, func() *Answer { return &Answer{pick(g.chance, 500, 502, 503), "text/html", "<html>"} }},
		{1, func() *Answer { return errorAnswer(429, "too_many_requests") }},
		{1, func() *Answer { return &Answer{} }},
	})()
}

// knownMachine is the resource that a good token stands for.
func (g *generator) knownMachine(prefix string) map[string]any {
	common := map[string]any{
		"id": prefix + "id", "scopes": pick[any](g.chance, []string{}, []string{"read"}, []string{"read", "write:all"}),
		"claims": nil, "revoked": false, "revocation_reason": nil, "expired": false, "expiration": nil,
	}
	if g.oneIn(2) {
		common["expiration"] = g.c.Now + far*1000
	}
	switch prefix {
	case "ak_":
		maps.Copy(common, map[string]any{
			"object": "api_key", "type": "api_key", "name": "A key", "subject": pick(g.chance, "user_1", "org_1", "other_1"),
		})
	case "mt_":
		maps.Copy(common, map[string]any{"object": "machine_to_machine_token", "subject": "mch_1"})
	default:
		maps.Copy(common, map[string]any{
			"object": "clerk_idp_oauth_access_token", "type": "oauth:access_token", "subject": "user_1", "client_id": "client_1",
		})
		if audience := g.audience(); audience != nil {
			common["aud"] = audience
		}
	}
	return common
}

// audience makes an audience claim that is right, wrong, or none.
func (g *generator) audience() any {
	return pick[any](g.chance, nil, ourAudience, ourAudience, []string{ourAudience}, []string{"other", "second-audience"},
		"other", []string{"other"}, "", []string{}, []string{ourAudience, ""})
}

// spentMachine is an answer about a token that is good no more, or that stands
// for nobody.
func (g *generator) spentMachine(prefix string) *Answer {
	g.c.SpentMachine = true
	body := g.knownMachine(prefix)
	switch g.IntN(5) {
	case 0:
		body["revoked"], body["revocation_reason"] = true, "lost"
	case 1:
		body["expired"], body["expiration"] = true, g.c.Now-far*1000
	case 2:
		body["expiration"] = g.c.Now - far*1000
	case 3:
		body["subject"] = ""
	case 4:
		return jsonAnswer(200, map[string]any{"active": false})
	}
	return jsonAnswer(200, body)
}

// machineJWT makes a JWT for a machine.
func (g *generator) machineJWT() token {
	now := g.c.Now / 1000
	r := &recipe{
		header: map[string]any{"alg": "RS256", "typ": "JWT", "kid": instanceKey},
		payload: map[string]any{
			"iss": "https://" + frontendAPI(g.c.Options.PublishableKey), "jti": "mt_jwt",
			"sub": "mch_1", "iat": now - near, "nbf": now - near - 10, "exp": now + near,
		},
	}
	if g.oneIn(2) {
		g.ofOAuth(r)
	} else {
		g.ofM2M(r)
	}
	if g.oneIn(2) {
		pick(g.chance, machineOddities...)(g, r)
	}
	return g.bake(r)
}

func (g *generator) ofM2M(r *recipe) {
	if g.oneIn(2) {
		r.header["cat"] = categoryMachine
	}
	switch g.IntN(5) {
	case 0, 1:
		r.payload["scopes"] = pick(g.chance, "mch_2", "mch_2 mch_3", "mch_2  mch_3", "")
	case 2:
		r.payload["aud"] = pick[any](g.chance, []string{"mch_2", "mch_3"}, "mch_2", []string{}, "", nil, ourAudience)
	}
}

func (g *generator) ofOAuth(r *recipe) {
	r.header["typ"] = pick(g.chance, "at+jwt", "application/at+jwt")
	r.payload["sub"], r.payload["jti"], r.payload["client_id"] = "user_1", "oat_jwt", "client_1"
	switch g.IntN(4) {
	case 0:
		r.payload["scp"] = []string{"read", "write"}
	case 1:
		r.payload["scope"] = pick(g.chance, "read", "read write", "")
	case 2:
		r.payload["scp"], r.payload["scope"] = []string{}, "ignored"
	}
	if g.oneIn(2) || len(g.c.Options.Audience) > 0 {
		if audience := g.audience(); audience != nil {
			r.payload["aud"] = audience
		}
	}
}

// machineOddities each make one thing about a machine's token unusual.
var machineOddities = []oddity{
	func(g *generator, r *recipe) { r.payload["exp"] = g.c.Now/1000 - pick[int64](g.chance, near, far) },
	func(g *generator, r *recipe) { r.payload["nbf"] = g.c.Now/1000 + far },
	func(g *generator, r *recipe) { r.payload["iat"] = g.c.Now/1000 + far },
	func(g *generator, r *recipe) { r.byStranger = true },
	func(g *generator, r *recipe) { r.header["kid"] = unknownKey },
	func(g *generator, r *recipe) {
		r.header["cat"] = pick[any](g.chance, categorySession, categoryTemplate, categoryIgnore, categoryMachine, "", nil)
	},
	func(g *generator, r *recipe) {
		r.header["typ"] = pick[any](g.chance, "at+jwt", "JWT", "AT+JWT", "jwt", "application/at+jwt", "", nil)
	},
	func(g *generator, r *recipe) { delete(r.header, pick(g.chance, "typ", "alg", "kid")) },
	func(g *generator, r *recipe) { r.header["alg"] = pick(g.chance, "none", "HS256", "RS384") },
	func(g *generator, r *recipe) {
		delete(r.payload, pick(g.chance, "exp", "nbf", "iat", "sub", "jti", "iss", "client_id"))
	},
	func(g *generator, r *recipe) { r.payload["sub"] = pick[any](g.chance, "", nil, 7, "mch_", "xmch_1") },
	func(g *generator, r *recipe) { r.payload["iss"] = "https://clerk.other.example" },
	func(g *generator, r *recipe) { r.payload["azp"] = "https://evil.example" },
	func(g *generator, r *recipe) { r.mangle = func(t string) string { return t[:len(t)-8] } },
	func(g *generator, r *recipe) {
		r.mangle = func(t string) string { return t[:strings.LastIndex(t, ".")+1] }
	},
	func(g *generator, r *recipe) {
		r.header["crit"] = []string{"exp"}
		g.standFor(r, "crit", func(other *recipe) {
			delete(other.header, "crit")
			other.header["alg"] = "HS256"
		})
	},
}
