// SPDX-License-Identifier: Apache-2.0

package verifier

// verification is that a token's signature was good.
type verification struct {
	key *Key
	// claims are those of a session token, machine those of one for a machine.
	claims  Claims
	machine *MachineClaims

	// organization and ages are what the claims point to, if to anything. They
	// and the token stand here, and not by themselves, because that makes one
	// allocation of four, and one thing to look at for the garbage collector,
	// which goes through all that are remembered.
	organization Organization
	ages         FactorAges
	token        Token
}

// remember gives a token whose signature was found to be of a key, with what is
// to be known of it from now on.
func (t *Token) remember(key *Key) *Token {
	known := &verification{key: key, token: Token{raw: t.raw, facts: t.facts}}
	found := &known.token
	found.verified = known
	// Two strings in one place are compared without being read.
	if found.facts.keyID == key.ID {
		found.facts.keyID = key.ID
	}
	if t.facts.machine == NotMachine {
		t.readClaims(known)
	} else {
		known.machine = t.readMachine()
	}
	return found
}

// text gives the payload.
func (v *verification) text() string {
	if v.machine != nil {
		return v.machine.text
	}
	return v.claims.text
}
