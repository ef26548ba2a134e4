// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"math"
	"strings"
)

// facts is what is asked of a token again and again, read from it once.
type facts struct {
	keyID        string
	sessionClass bool

	hasSubject      bool
	audiences       []string
	authorizedParty string
	// issuer is empty unless "iss" is text; hasIssuer tells whether it is
	// anything but empty.
	issuer    string
	hasIssuer bool

	expiry, notBefore, issuedAt timeClaim
	// comparedExpiry and comparedIssuedAt are what JavaScript compares.
	comparedExpiry, comparedIssuedAt float64
}

// timeClaim is a claim in milliseconds since the epoch, cut to whole seconds;
// NaN unless it is a number.
type timeClaim struct {
	present bool
	millis  float64
}

// readFacts reads header and payload.
func (t *Token) readFacts() facts {
	p := t.payload
	f := facts{
		sessionClass:     t.isSessionClass(),
		audiences:        p.audience(),
		hasIssuer:        p.hasIssuer(),
		expiry:           p.timeClaim("exp"),
		notBefore:        p.timeClaim("nbf"),
		issuedAt:         p.timeClaim("iat"),
		comparedExpiry:   p.compared("exp"),
		comparedIssuedAt: p.compared("iat"),
	}
	f.keyID, _ = t.header.text("kid")
	_, f.hasSubject = p.text("sub")
	f.authorizedParty, _ = p.text("azp")
	f.issuer, _ = p.text("iss")
	return f
}

// audience reads RFC 7519, section 4.1.3: one string or a list of strings. A
// list with anything else in it counts as none.
func (o object) audience() []string {
	if one, ok := o.text("aud"); ok {
		if one == "" {
			return nil
		}
		return []string{one}
	}
	many, ok := texts(o["aud"])
	if !ok || strings.Join(many, "") == "" {
		return nil
	}
	return many
}

func (o object) hasIssuer() bool {
	switch string(o["iss"]) {
	case "", "null", "false", `""`:
		return false
	default:
		return o.number("iss") != 0
	}
}

func (o object) timeClaim(name string) timeClaim {
	_, present := o[name]
	return timeClaim{present, math.Trunc(o.number(name)) * 1000}
}
