// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"math"
	"strings"
	"time"
)

// facts is what is asked of a token again and again, read from it once.
type facts struct {
	keyID        string
	sessionClass bool
	// machine is what kind of machine it is for, and machineCategory tells
	// whether its category is that of one.
	machine         MachineKind
	machineCategory bool

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
	f := facts{machine: p.machineKind(), audiences: o.audience(), hasIssuer: o.hasIssuer()}
	f.sessionClass = f.machine == NotMachine && p.hasSessionCategory()
	f.machineCategory = p.hasMachineCategory(f.machine)
	f.expiry, f.comparedExpiry = o.timeClaim(memberExpiry)
	f.notBefore, _ = o.timeClaim(memberNotBefore)
	f.issuedAt, f.comparedIssuedAt = o.timeClaim(memberIssuedAt)
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

// timeClaim reads a claim, and what JavaScript takes it for in a comparison.
func (o *object) timeClaim(m member) (claim timeClaim, compared float64) {
	number := o.number(m)
	claim = timeClaim{o.has(m), math.Trunc(number) * 1000}
	if !math.IsNaN(number) {
		return claim, number
	}
	return claim, o.compared(m)
}

// latest is the last moment, in seconds since the epoch, that a claim is taken
// at its word for; it keeps absurd numbers within what time.Time can compute
// with.
const latest = 1 << 40

// time gives the moment that is meant, zero for none.
func (c timeClaim) time() time.Time {
	if math.IsNaN(c.millis) {
		return time.Time{}
	}
	return time.Unix(int64(math.Max(-latest, math.Min(latest, c.millis/1000))), 0)
}
