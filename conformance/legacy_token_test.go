// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"fmt"
	"maps"
	"strings"
)

// legacyRecipe is a session token in the making, with what becomes of it where
// the reference is to decide as this project does.
type legacyRecipe struct {
	header, payload map[string]any
	rawPayload      string
	byStranger      bool
	mangle          func(string) string

	differences []string
	changes     []func(*legacyRecipe)
	// unreadable tells that this project cannot read the token at all.
	unreadable bool
	// late tells that it is refused for what time has done to it.
	late bool
}

// differs notes a difference, and the change that makes the reference decide
// alike.
func (r *legacyRecipe) differs(name string, change func(*legacyRecipe)) {
	r.differences, r.changes = append(r.differences, name), append(r.changes, change)
}

// unlike notes a difference about a token that this project refuses as
// malformed.
func (r *legacyRecipe) unlike(name string) {
	r.differs(name, func(other *legacyRecipe) { other.unreadable = true })
}

func byStranger(r *legacyRecipe) { r.byStranger = true }

// bake signs a recipe. It gives the token and the moment it was issued.
func (g *legacyGenerator) bake(r *legacyRecipe) (token string, issuedAt int64) {
	token = g.text(r)
	issuedAt, _ = r.payload["iat"].(int64)
	if len(r.changes) == 0 {
		return token, issuedAt
	}
	other := *r
	other.header, other.payload = maps.Clone(r.header), maps.Clone(r.payload)
	for _, change := range r.changes {
		change(&other)
	}
	instead := "unreadable"
	if !other.unreadable {
		instead = g.text(&other)
	}
	g.c.StandIns = append(g.c.StandIns, legacyStandIn{Differences: r.differences, Token: token, Instead: instead})
	return token, issuedAt
}

func (g *legacyGenerator) text(r *legacyRecipe) string {
	payload := mustJSON(r.payload)
	if r.rawPayload != "" {
		payload = []byte(r.rawPayload)
	}
	text := g.signer.sign(mustJSON(r.header), payload, "RS256", r.byStranger)
	if r.mangle != nil {
		text = r.mangle(text)
	}
	return text
}

// session makes a session token of whatever quality.
func (g *legacyGenerator) session() (token string, issuedAt int64) {
	now := g.c.Now / 1000
	r := &legacyRecipe{
		header: map[string]any{"alg": "RS256", "typ": "JWT", "kid": instanceKey},
		payload: map[string]any{
			"iss": g.c.Issuer, "sub": pick(g.chance, "user_1", "user_2"), "sid": "sess_1",
			"azp": ourParty, "iat": now - near, "nbf": now - near - 10, "exp": now + near,
		},
	}
	if g.oneIn(3) {
		r.header["cat"] = pick(g.chance, categorySession, categoryIgnore)
	}
	if !strings.HasPrefix(g.c.Issuer, "https://clerk") {
		r.differs("issuer", func(other *legacyRecipe) { takeIssuer(other, "https://clerk.example.com") })
	}
	if g.oneIn(3) {
		g.age(r)
	}
	if g.oneIn(3) {
		pick(g.chance, legacyOddities...)(g, r)
	} else if g.oneIn(5) {
		g.mistake(r)
	}
	return g.bake(r)
}

// takeIssuer gives a token the issuer that the reference likes, unless it has
// one of its own.
func takeIssuer(r *legacyRecipe, issuer string) {
	if r.payload["iss"] == devIssuer {
		r.payload["iss"] = issuer
	}
}

// age makes a token old or young.
func (g *legacyGenerator) age(r *legacyRecipe) {
	now := g.c.Now / 1000
	offset := pick[int64](g.chance, near, far, farther)
	switch g.IntN(4) {
	case 0, 1:
		r.payload["iat"], r.payload["nbf"], r.payload["exp"] = now-offset-near, now-offset-near, now-offset
		r.late = true
	case 2:
		r.payload["nbf"] = now + offset
		r.late = true
	case 3:
		r.payload["iat"] = now - offset
	}
}

// inTime makes a token good that was too old or too young, so that the
// reference gets as far as its other demands.
func inTime(r *legacyRecipe) {
	delete(r.payload, "nbf")
	delete(r.payload, "exp")
}

// mistake makes a token one of somebody else's.
func (g *legacyGenerator) mistake(r *legacyRecipe) {
	const evil = "https://evil.example"
	if len(g.c.AuthorizedParties) == 0 || g.oneIn(3) {
		issuer := pick[any](g.chance, evil, evil, "", nil, "https://clerk.evil.example", "https://clerk", 7, g.c.Issuer+"/")
		r.payload["iss"] = issuer
		if text, ok := issuer.(string); issuer != nil && (!ok || strings.HasPrefix(text, "https://clerk")) {
			r.differs("issuer", func(other *legacyRecipe) { other.payload["iss"] = evil })
		}
	} else {
		r.payload["azp"] = pick[any](g.chance, evil, evil, "", nil, 7)
		if r.payload["azp"] == "" || r.payload["azp"] == nil {
			r.differs("authorized-party", func(other *legacyRecipe) { other.payload["azp"] = evil })
		}
	}
	if r.late {
		r.differs("order", inTime)
	}
}

// legacyOddities each make one thing about a session token unusual.
var legacyOddities = []func(*legacyGenerator, *legacyRecipe){
	func(_ *legacyGenerator, r *legacyRecipe) { r.byStranger = true },
	func(_ *legacyGenerator, r *legacyRecipe) { r.byStranger = true },
	func(g *legacyGenerator, r *legacyRecipe) {
		text := pick(g.chance, "garbage", "a.b", "a.b.c.d", "undefined", ".")
		r.mangle = func(string) string { return text }
	},
	func(_ *legacyGenerator, r *legacyRecipe) { r.mangle = func(t string) string { return t + ".AA" } },
	func(g *legacyGenerator, r *legacyRecipe) {
		// Whole bytes are left, so that it can still be decoded.
		kept := pick(g.chance, 0, 4, 340)
		r.mangle = func(t string) string { return t[:strings.LastIndexByte(t, '.')+1+kept] }
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		r.header["kid"] = pick[any](g.chance, unknownKey, unknownKey, "", nil, 7)
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		text := pick(g.chance, "a.b.c", "..", "{}.{}.{}", "eyJ9.e30.AA")
		r.mangle = func(string) string { return text }
		r.unlike("malformed")
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		r.rawPayload = pick(g.chance, "not JSON", "{", " ", "null", `{"iss":"x",}`)
		r.unlike("malformed")
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		r.rawPayload = pick(g.chance, `"text"`, "7", "[]", "true")
		r.differs("subject", byStranger)
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		ending := pick(g.chance, "=", "==", "!", "+")
		r.mangle = func(t string) string { return t + ending }
		r.unlike("base64url")
	},
	func(_ *legacyGenerator, r *legacyRecipe) {
		r.payload["padding"] = strings.Repeat("x", 14<<10)
		r.unlike("size")
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		r.header["cat"] = pick[any](g.chance, categoryTemplate, categoryMachine, "", nil, "other")
		r.unlike("class")
	},
	func(_ *legacyGenerator, r *legacyRecipe) {
		r.payload["sub"] = "mch_1"
		r.unlike("class")
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		name := pick(g.chance, "typ", "crit")
		r.header[name] = pick[any](g.chance, "jwt", "", nil, 5, []string{"exp"})
		// The key is looked for first.
		if g.c.Keys != "outage" {
			r.unlike("header")
		}
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		r.header["alg"] = pick[any](g.chance, "none", "HS256", "RS384", "rs256", nil)
		r.differs("header", byStranger)
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		r.payload["sub"] = pick[any](g.chance, nil, 7, true)
		if g.oneIn(2) {
			delete(r.payload, "sub")
		}
		r.differs("subject", byStranger)
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		if r.late {
			return
		}
		r.payload[pick(g.chance, "exp", "nbf", "iat")] = pick[any](g.chance, nil, "soon", true)
		r.differs("claim-types", byStranger)
	},
	func(_ *legacyGenerator, r *legacyRecipe) {
		delete(r.payload, "exp")
		r.differs("claim-types", byStranger)
	},
	func(_ *legacyGenerator, r *legacyRecipe) { delete(r.payload, "nbf"); delete(r.payload, "iat") },
	func(g *legacyGenerator, r *legacyRecipe) {
		future := g.c.Now/1000 + pick[int64](g.chance, near, far)
		r.payload["iat"] = future
		if !r.late {
			r.differs("issued-at", func(other *legacyRecipe) { other.payload["nbf"] = future })
		}
	},
	func(g *legacyGenerator, r *legacyRecipe) {
		payload := string(mustJSON(r.payload))
		issuedAt := fmt.Sprint(r.payload["iat"])
		if len(r.changes) == 0 {
			r.rawPayload = pick(g.chance, `{"sub":"first",`+payload[1:], payload[:len(payload)-1]+`,"sub":"last"}`, " \n"+payload+"\t",
				strings.Replace(payload, issuedAt, issuedAt+".75", 1), `{"__proto__":{"sid":"x"},`+payload[1:])
		}
	},
}
