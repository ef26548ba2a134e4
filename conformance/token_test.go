// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Times in seconds that tokens are away from now by. None is within 30 seconds
// of a moment at which a verdict changes: neither now itself nor any of the
// clock skews in use (0, 5 seconds, 10 minutes, and 24 hours after a
// development handshake).
const (
	near    = 60
	far     = 3600
	farther = 3 * 24 * 3600

	// latestDate is the last moment that a JavaScript Date can hold.
	latestDate = 8_640_000_000_000
)

// Categories of tokens.
const (
	categorySession  = "cl_B7d4PD111AAA"
	categoryTemplate = "cl_B7d4PD222AAA"
	categoryMachine  = "cl_B7d4PD333AAA"
	categoryIgnore   = "cl_I7d4PD111III"
)

// token is a token with what the rest of the case has to know of it.
type token struct {
	text     string
	issuedAt int64
	standIns []StandIn
}

// recipe is a token in the making.
type recipe struct {
	header, payload map[string]any
	// rawHeader and rawPayload take the place of the two, if there are any.
	rawHeader, rawPayload string
	byStranger            bool
	// mangle changes the finished token.
	mangle func(string) string
	// difference names what the sides differ in on purpose, and instead makes
	// the recipe for the stand-in of it, or insteadText its text.
	difference  string
	instead     func(*recipe)
	insteadText func(string) string
}

// bake signs a recipe.
func (g *generator) bake(r *recipe) token {
	t := token{text: g.text(r)}
	if issuedAt, ok := r.payload["iat"].(int64); ok {
		t.issuedAt = issuedAt
	}
	if r.difference == "" {
		return t
	}
	stand := StandIn{Difference: r.difference, Token: t.text}
	if r.insteadText != nil {
		stand.Instead = r.insteadText(t.text)
	} else {
		other := *r
		other.header, other.payload = maps.Clone(r.header), maps.Clone(r.payload)
		r.instead(&other)
		stand.Instead = g.text(&other)
	}
	t.standIns = []StandIn{stand}
	g.c.StandIns = append(g.c.StandIns, stand)
	return t
}

func (g *generator) text(r *recipe) string {
	header, payload := mustJSON(r.header), mustJSON(r.payload)
	if r.rawHeader != "" {
		header = []byte(r.rawHeader)
	}
	if r.rawPayload != "" {
		payload = []byte(r.rawPayload)
	}
	algorithm, _ := r.header["alg"].(string)
	text := g.signer.sign(header, payload, algorithm, r.byStranger)
	if r.mangle != nil {
		text = r.mangle(text)
	}
	return text
}

// session makes a session token of whatever quality.
func (g *generator) session() token {
	r := g.plainSession()
	g.age(r)
	if g.oneIn(4) {
		g.addOrganization(r)
	}
	switch {
	case g.oneIn(10):
		r.payload["sts"] = pick(g.chance, "pending", "pending", "active", "expired")
	case g.oneIn(12):
		r.payload["act"] = map[string]any{"sub": "user_admin", "sid": "sess_admin"}
	}
	switch {
	case r.difference != "":
		// A stand-in can make up for one difference only.
	case g.oneIn(3):
		pick(g.chance, oddities...)(g, r)
	case len(g.c.Options.AuthorizedParties) > 0 && g.oneIn(8):
		r.payload["azp"] = pick[any](g.chance, "https://evil.example", "", nil, 7)
		if g.oneIn(2) {
			delete(r.payload, "azp")
		}
	}
	return g.bake(r)
}

// goodSession makes a session token that is as it should be.
func (g *generator) goodSession() token {
	r := g.plainSession()
	if g.oneIn(3) {
		g.addOrganization(r)
	}
	return g.bake(r)
}

// member makes a session token for an address of an organization, after which
// redirects may have been in vain, and seldom one that is nobody's.
func (g *generator) member() token {
	r := g.plainSession()
	if g.oneIn(3) {
		g.addOrganization(r)
	}
	if g.oneIn(15) && g.c.Refresh == nil {
		r.payload["sub"] = ""
	}
	if g.oneIn(10) {
		g.cookie("__clerk_redirect_count", pick(g.chance, "3", "4", "Infinity"))
	}
	return g.bake(r)
}

func (g *generator) plainSession() *recipe {
	now := g.c.Now / 1000
	r := &recipe{
		header: map[string]any{"alg": "RS256", "typ": "JWT", "kid": instanceKey},
		payload: map[string]any{
			"iss": "https://" + frontendAPI(g.c.Options.PublishableKey),
			"sub": g.user, "sid": "sess_1",
			"azp": ourParty, "iat": now - near, "nbf": now - near - 10, "exp": now + near,
		},
	}
	if g.oneIn(2) {
		r.header["cat"] = categorySession
	}
	if others := issuersOf(g.c)[1:]; len(others) > 0 && g.oneIn(3) {
		r.payload["iss"] = pick(g.chance, others...)
	}
	if g.oneIn(3) {
		r.payload["fva"] = []int{2, -1}
	}
	return r
}

// age makes a token old or young.
func (g *generator) age(r *recipe) {
	now := g.c.Now / 1000
	offset := pick[int64](g.chance, near, near, far, farther)
	odds := 12
	if g.c.Refresh != nil {
		odds = 5
	}
	switch g.IntN(odds) {
	case 0, 1, 2:
		if g.c.Refresh != nil && g.oneIn(12) {
			delete(r.payload, "sid")
		}
		r.payload["iat"], r.payload["nbf"], r.payload["exp"] = now-offset-near, now-offset-near, now-offset
	case 3:
		r.payload["nbf"] = now + offset
	case 4:
		r.payload["iat"] = now + offset
	case 5:
		r.payload["iat"] = now - offset
	}
}

// addOrganization adds an active organization, in either format.
func (g *generator) addOrganization(r *recipe) {
	if g.oneIn(3) {
		maps.Copy(r.payload, map[string]any{
			"org_id": "org_1", "org_slug": "acme", "org_role": pick(g.chance, "org:admin", "admin"),
			"org_permissions": []string{"org:dashboard:read", "org:teams:manage"},
		})
		return
	}
	organization := map[string]any{"id": "org_2", "slg": "umbrella", "rol": "member"}
	r.payload["v"] = 2
	r.payload["o"] = organization
	permissions := func(fea, per, fpm string) {
		r.payload["fea"], organization["per"], organization["fpm"] = fea, per, fpm
	}
	switch g.IntN(8) {
	case 0, 1, 2:
		permissions("o:dashboard,o:teams", "manage,read", "3,2")
	case 3:
		permissions("o:repositories, uo:projects,u:gold", "read,create, update,delete,revoke", "7,21,0")
	case 4:
		permissions("o:wide", "read", "9007199254740993")
	case 5:
		permissions("o:a,o:b,ou:c", "read", "x,1, 1")
		organization["rol"] = ""
	case 6:
		permissions("u:gold,o:dashboard,o:teams", "manage,read", "0,3,2")
		g.standFor(r, "feature-positions", func(other *recipe) {
			clone := maps.Clone(organization)
			clone["fpm"] = "3,2"
			other.payload["o"] = clone
		})
	case 7:
		permissions("o:dashboard,nothing", "manage,read", "3,1")
		g.standFor(r, "malformed-features", func(other *recipe) { other.payload["fea"] = "o:dashboard" })
	}
}

func (g *generator) standFor(r *recipe, difference string, instead func(*recipe)) {
	r.difference, r.instead = difference, instead
}

// garbage makes the stand-in of a token that this project cannot read: one
// that the reference cannot read either. Each token has its own.
func garbage(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "unreadable-" + hex.EncodeToString(sum[:8])
}

// oddities each make one thing about a session token unusual.
var oddities = slices.Concat(headerOddities, claimOddities, signatureOddities, formOddities)

type oddity = func(*generator, *recipe)

var headerOddities = []oddity{
	func(g *generator, r *recipe) { r.header["typ"] = pick[any](g.chance, "jwt", "JOSE", "", nil, 5) },
	func(g *generator, r *recipe) { delete(r.header, pick(g.chance, "typ", "alg", "kid")) },
	func(g *generator, r *recipe) {
		r.header["typ"] = pick(g.chance, "at+jwt", "application/at+jwt", "AT+JWT")
	},
	func(g *generator, r *recipe) {
		r.header["cat"] = pick[any](g.chance, categoryTemplate, categoryMachine, categoryIgnore, "", nil, "other")
	},
	func(g *generator, r *recipe) {
		r.header["alg"] = pick[any](g.chance, "none", "HS256", "RS384", "rs256", nil)
	},
	func(g *generator, r *recipe) {
		r.header["kid"], r.header["alg"] = openKey, pick(g.chance, "RS256", "RS384", "RS512")
	},
	func(g *generator, r *recipe) { r.header["kid"] = pick[any](g.chance, unknownKey, unknownKey, "", 7) },
	func(g *generator, r *recipe) {
		r.header["kid"] = pick(g.chance, "constructor", "__proto__", "toString")
		if g.c.Options.JWTKey == "" && g.c.Options.Keys == "" {
			g.standFor(r, "key-names", func(other *recipe) { other.header["kid"] = unknownKey })
		}
	},
	func(g *generator, r *recipe) { r.header["jku"], r.header["x"] = "https://evil.example/jwks", 1 },
	func(g *generator, r *recipe) {
		r.header["crit"] = []string{"exp"}
		g.standFor(r, "crit", func(other *recipe) {
			delete(other.header, "crit")
			other.header["typ"] = "demanding"
		})
	},
}

var claimOddities = []oddity{
	func(g *generator, r *recipe) {
		r.payload["sub"] = pick[any](g.chance, "mch_1", "mch_1", "", nil, 7)
		if g.c.Refresh != nil {
			r.payload["sub"] = "mch_1"
		}
	},
	func(g *generator, r *recipe) {
		delete(r.payload, pick(g.chance, "sub", "exp", "nbf", "iat", "iss", "azp", "sid"))
	},
	func(g *generator, r *recipe) {
		r.payload["azp"] = pick(g.chance, "https://evil.example", "http://localhost:3000", "")
	},
	func(g *generator, r *recipe) { delete(r.payload, "azp") },
	func(g *generator, r *recipe) { r.payload["aud"] = pick(g.chance, ourAudience, "other", "") },
	func(g *generator, r *recipe) {
		r.payload["aud"] = pick[any](g.chance, []string{"other", ourAudience}, []string{"other"}, []any{"other", 1},
			[]string{}, []string{""}, map[string]any{"a": 1}, nil, 5)
	},
	func(g *generator, r *recipe) {
		r.payload["iss"] = pick[any](g.chance, "https://clerk.other.example", "https://login.example.org", "", nil, 7,
			r.payload["iss"].(string)+"/", strings.Replace(r.payload["iss"].(string), "https://", "http://", 1),
			strings.TrimPrefix(r.payload["iss"].(string), "https://"))
	},
	func(g *generator, r *recipe) {
		claim := pick(g.chance, "exp", "nbf", "iat")
		now := g.c.Now / 1000
		r.payload[claim] = pick[any](g.chance, nil, "soon", true, float64(now)-far+0.75, float64(now)+far+0.75)
	},
	func(g *generator, r *recipe) {
		claim := pick(g.chance, "exp", "nbf", "iat")
		absurd, plain := 1e300, int64(latestDate)
		if claim == "exp" && g.oneIn(2) {
			absurd, plain = -1e300, g.c.Now/1000-farther
		}
		r.payload[claim] = absurd
		g.standFor(r, "absurd-times", func(other *recipe) { other.payload[claim] = plain })
	},
	func(g *generator, r *recipe) { r.payload["v"] = pick[any](g.chance, "2", 1, 3, 2.0) },
	func(g *generator, r *recipe) { r.payload["sts"] = "pending" },
	func(g *generator, r *recipe) {
		if g.c.Refresh == nil {
			r.payload["sub"] = ""
		}
	},
}

var signatureOddities = []oddity{
	func(g *generator, r *recipe) { r.byStranger = true },
	func(g *generator, r *recipe) { r.mangle = func(t string) string { return t[:len(t)-8] } },
	func(g *generator, r *recipe) {
		r.mangle = func(t string) string { return t[:strings.LastIndex(t, ".")+1] }
	},
	func(g *generator, r *recipe) {
		r.mangle = func(t string) string {
			at := strings.LastIndex(t, ".") + 20
			return t[:at] + string('A'+('B'-t[at]&1)) + t[at+1:]
		}
	},
}

var formOddities = []oddity{
	func(g *generator, r *recipe) {
		text := pick(g.chance, "garbage", "a.b", "..", "a.b.c", "a.b.c.d", "eyJ9.e30.AA", "null", "undefined", "{}.{}.{}")
		r.mangle = func(string) string { return text }
	},
	func(g *generator, r *recipe) { r.mangle = func(t string) string { return t + ".AA" } },
	func(g *generator, r *recipe) { r.mangle = func(t string) string { return "+" + t[1:] } },
	func(g *generator, r *recipe) {
		r.mangle = func(t string) string { return pick(g.chance, t+"=", strings.Replace(t, ".", "=.", 1)) }
		r.difference = "base64url"
		r.insteadText = func(t string) string { return strings.ReplaceAll(t, "=", "!") }
	},
	func(g *generator, r *recipe) {
		r.rawPayload = pick(g.chance, "not JSON", "{", `{"iss":"x",}`, " ", `"text"`, "7", "[]", "true")
	},
	func(g *generator, r *recipe) { r.rawHeader = pick(g.chance, "not JSON", "[]", "7", `"RS256"`) },
	func(g *generator, r *recipe) {
		if g.oneIn(2) {
			r.rawHeader = "null"
		} else {
			r.rawPayload = " null"
		}
		r.difference, r.insteadText = "null", garbage
	},
	func(g *generator, r *recipe) {
		r.rawPayload = "\ufeff" + string(mustJSON(r.payload))
		r.difference, r.insteadText = "byte-order-mark", garbage
	},
	func(g *generator, r *recipe) {
		payload := string(mustJSON(r.payload))
		r.rawPayload = pick(g.chance, `{"sub":"first",`+payload[1:], payload[:len(payload)-1]+`,"sub":"`+g.user+`"}`, " \n"+payload+"\t",
			`{"note":"`+"\xff\xfe"+`",`+payload[1:], `{"note":"\ud800",`+payload[1:], `{"__proto__":{"sid":"x"},`+payload[1:])
	},
	func(g *generator, r *recipe) {
		if g.oneIn(2) {
			r.payload["padding"] = strings.Repeat("x", 14<<10)
			r.difference, r.insteadText = "size", garbage
		}
	},
}
