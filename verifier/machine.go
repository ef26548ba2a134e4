// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// MachineKind tells the two kinds of JWTs that are made for machines.
type MachineKind int

// The kinds. NotMachine is that of every other JWT.
const (
	NotMachine MachineKind = iota
	// M2MToken is a machine-to-machine token
	// (https://clerk.com/docs/guides/development/machine-auth/m2m-tokens).
	M2MToken
	// OAuthToken is an access token of Clerk's OAuth identity provider, of the
	// form of RFC 9068.
	OAuthToken
)

// MachineClaims is what a verified JWT for a machine says.
type MachineClaims struct {
	Kind    MachineKind
	ID      string // jti
	Subject string // sub: a machine's ID, or a user's
	// ClientID is the OAuth application's ("client_id").
	ClientID string
	// Scopes are those of an OAuth token ("scp" or "scope"), or the machines
	// that an M2M token may be shown to ("scopes" or "aud").
	Scopes    []string
	Audiences []string
	ExpiresAt time.Time
	IssuedAt  time.Time // zero when absent
	Actor     *Actor    // nil unless somebody acts as the subject of an OAuth token

	text string // the payload
}

// JSON gives the payload as it was signed.
func (c *MachineClaims) JSON() json.RawMessage { return json.RawMessage(c.text) }

// MachineRequirements says what is demanded of a JWT for a machine. Its issuer
// is not among that: the instance's key speaks for it.
type MachineRequirements struct {
	// Audiences lists acceptable audiences; none means unchecked. When it is not
	// empty, an OAuth token without any is refused, and an M2M token is not.
	Audiences []string
	// ClockSkew is the difference of clocks that is forgiven.
	ClockSkew time.Duration
}

// MachineKind tells which kind of machine the token says it is made for. Of the
// two signs, the subject comes first.
func (t *Token) MachineKind() MachineKind { return t.facts.machine }

// VerifyMachine checks a JWT that was made for a machine. Every refusal is an
// *Error; one that wraps ErrKeysUnavailable says nothing about the token.
//
// The signature alone tells that a machine's token is the instance's. Whether
// it has been revoked since cannot be told.
func (v *Verifier) VerifyMachine(ctx context.Context, t *Token, want MachineRequirements) (*MachineClaims, error) {
	known, err := v.verifyMachine(ctx, t, &want)
	v.observe(t, known, err)
	if err != nil {
		return nil, err
	}
	return known.machine, nil
}

func (v *Verifier) verifyMachine(ctx context.Context, t *Token, want *MachineRequirements) (*verification, error) {
	if err := t.checkMachineClass(); err != nil {
		return nil, err
	}
	known, err := v.verified(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := t.facts.checkMachine(t.facts.machine, want, v.now()); err != nil {
		return nil, err
	}
	return known, nil
}

// checkMachineClass looks at whose the token says it is.
func (t *Token) checkMachineClass() error {
	if t.facts.machine == NotMachine {
		return refuse(ReasonTokenTypeMismatch, "expected a machine's token, got a session token or another")
	}
	if !t.facts.machineCategory {
		return refuse(ReasonTokenTypeMismatch, "expected the category of a machine's token")
	}
	return nil
}

func (f *facts) checkMachine(kind MachineKind, want *MachineRequirements, now time.Time) error {
	if err := f.checkSubject(); err != nil {
		return err
	}
	if err := f.checkMachineAudience(kind, want.Audiences); err != nil {
		return err
	}
	return f.checkTimes(now, want.ClockSkew)
}

func (f *facts) checkMachineAudience(kind MachineKind, want []string) error {
	// Of OAuth tokens, RFC 9068 demands an audience, section 4.
	if kind == OAuthToken && len(want) > 0 && (len(f.audiences) == 0 || slices.Contains(f.audiences, "")) {
		return refuse(ReasonTokenVerificationFailed, "expected the audience (aud) %s, got none", list(want))
	}
	return f.checkAudience(want)
}

// machineKind looks at the two signs of a machine's token.
func (p *parts) machineKind() MachineKind {
	switch {
	case len(p.signature) == 0:
		return NotMachine
	case p.isMachineToken():
		return M2MToken
	case p.isOAuthAccessToken():
		return OAuthToken
	default:
		return NotMachine
	}
}

// hasMachineCategory tells whether "cat" may be that of a machine's token. For
// OAuth tokens none is documented, so any passes.
func (p *parts) hasMachineCategory(kind MachineKind) bool {
	if kind != M2MToken || !p.header.has(memberCategory) {
		return true
	}
	category, _ := p.header.string(memberCategory)
	return category == categoryM2M
}

// readMachine reads the payload of a verified token.
func (t *Token) readMachine() *MachineClaims {
	p := &t.parts.payload
	c := &MachineClaims{
		Kind:      t.facts.machine,
		Audiences: t.facts.audiences,
		ExpiresAt: t.facts.expiry.time(),
		IssuedAt:  t.facts.issuedAt.time(),
		text:      p.text,
	}
	c.ID, _ = p.string(memberTokenID)
	c.Subject, _ = p.string(memberSubject)
	if c.Kind == M2MToken {
		c.Scopes = c.Audiences
		if scopes, ok := p.string(memberScopes); ok {
			c.Scopes = strings.Fields(scopes)
		}
		return c
	}
	c.Actor = p.actor()
	c.ClientID, _ = p.string(memberClientID)
	if scopes, ok := p.strings(memberScopeList); ok {
		c.Scopes = scopes
	} else if scope, ok := p.string(memberScope); ok {
		c.Scopes = strings.Fields(scope)
	}
	return c
}
