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
func (p *parts) readFacts() facts {
	o := &p.payload
	f := facts{
		sessionClass:     p.isSessionClass(),
		audiences:        o.audience(),
		hasIssuer:        o.hasIssuer(),
		expiry:           o.timeClaim(memberExpiry),
		notBefore:        o.timeClaim(memberNotBefore),
		issuedAt:         o.timeClaim(memberIssuedAt),
		comparedExpiry:   o.compared(memberExpiry),
		comparedIssuedAt: o.compared(memberIssuedAt),
	}
	f.keyID, _ = p.header.string(memberKeyID)
	_, f.hasSubject = o.string(memberSubject)
	f.authorizedParty, _ = o.string(memberAuthorizedParty)
	f.issuer, _ = o.string(memberIssuer)
	return f
}

// audience reads RFC 7519, section 4.1.3: one string or a list of strings. A
// list with anything else in it counts as none.
func (o *object) audience() []string {
	if one, ok := o.string(memberAudience); ok {
		if one == "" {
			return nil
		}
		return []string{one}
	}
	many, ok := o.strings(memberAudience)
	if !ok || strings.Join(many, "") == "" {
		return nil
	}
	return many
}

func (o *object) hasIssuer() bool {
	switch o.raw(memberIssuer) {
	case "", "null", "false", `""`:
		return false
	default:
		return o.number(memberIssuer) != 0
	}
}

func (o *object) timeClaim(m member) timeClaim {
	return timeClaim{o.has(m), math.Trunc(o.number(m)) * 1000}
}
