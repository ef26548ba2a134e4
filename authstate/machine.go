// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// The types of tokens, in the words of Clerk's acceptsToken option
// (https://clerk.com/docs/guides/development/verifying-oauth-access-tokens).
const (
	SessionToken = "session_token"
	APIKey       = "api_key"
	M2MToken     = "m2m_token"
	OAuthToken   = "oauth_token" //nolint:gosec // It is a type, not a credential.
	// AnyToken stands for all of them in Options.AcceptsToken.
	AnyToken = "any"
)

// tokenTypes lists the types that AnyToken stands for.
var tokenTypes = []string{SessionToken, APIKey, M2MToken, OAuthToken}

// opaquePrefixes lists how the tokens begin that the Backend API knows about.
var opaquePrefixes = []struct{ prefix, tokenType string }{
	{"mt_", M2MToken},
	{"oat_", OAuthToken},
	{"ak_", APIKey},
}

// maxOpaqueToken is more than the size in bytes of any token that says nothing
// by itself.
const maxOpaqueToken = 2 << 10

// Reasons that only machine tokens are refused for.
const (
	ReasonNoTokenInHeader = "No token in header" //nolint:gosec // It is a reason, not a credential.
	ReasonUnexpectedError = "unexpected-error"
)

// Machines asks the Backend API about tokens that say nothing by themselves.
// Anybody can send those, so whoever implements it must bound what it does.
type Machines interface {
	// VerifyMachineToken gives whom a token is for. A refusal is a
	// *MachineError; an error that wraps ErrUnavailable says nothing about it.
	VerifyMachineToken(ctx context.Context, tokenType, token string) (*Machine, error)
}

// Machine is whom or what a machine token was made for.
type Machine struct {
	ID string
	// Subject is a user, an organization or a machine, as its prefix says.
	Subject string
	// Name is an API key's, ClientID an OAuth token's.
	Name, ClientID string
	Scopes         []string
	// Claims are a JSON object, or nil.
	Claims json.RawMessage
	// Audiences are an OAuth token's.
	Audiences []string
	// Revoked tells that the token is good no more, ExpiresAt until when it is;
	// zero for ever.
	Revoked   bool
	ExpiresAt time.Time
	// Actor is who acts as the subject of an OAuth token; nil for nobody.
	Actor *verifier.Actor
}

// UserID gives the user that the token stands for, empty for none.
func (m *Machine) UserID() string { return m.subject("user_") }

// OrganizationID gives the organization that it stands for, empty for none.
func (m *Machine) OrganizationID() string { return m.subject("org_") }

// MachineID gives the machine that it stands for, empty for none.
func (m *Machine) MachineID() string { return m.subject("mch_") }

func (m *Machine) subject(prefix string) string {
	if strings.HasPrefix(m.Subject, prefix) {
		return m.Subject
	}
	return ""
}

// MachineError is that a machine token was refused.
type MachineError struct {
	// Reason is token-invalid, token-verification-failed, secret-key-invalid or
	// unexpected-error.
	Reason  string
	Message string
}

func (e *MachineError) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.Reason) }

// accepted says which types of tokens an Authenticator takes.
type accepted struct {
	types []string
	// several tells that it is told the type by the token, and not beforehand.
	several bool
}

func newAccepted(types []string) (accepted, error) {
	if len(types) == 0 {
		return accepted{types: []string{SessionToken}}, nil
	}
	if slices.Contains(types, AnyToken) {
		if len(types) > 1 {
			return accepted{}, errors.New("accepts_token: any stands for all types; leave the others out")
		}
		return accepted{types: tokenTypes, several: true}, nil
	}
	for _, t := range types {
		if !slices.Contains(tokenTypes, t) {
			return accepted{}, fmt.Errorf("accepts_token: expected any or some of %s, got %q", strings.Join(tokenTypes, ", "), t)
		}
	}
	return accepted{types: types, several: len(types) > 1}, nil
}

func (a accepted) has(tokenType string) bool { return slices.Contains(a.types, tokenType) }

// needsPublishableKey tells whether there are tokens among them that a
// publishable key is needed for.
func (a accepted) needsPublishableKey() bool { return a.has(SessionToken) || a.has(OAuthToken) }

// NeedsPublishableKey tells whether tokens of these types can only be accepted
// with a publishable key, as Options.AcceptsToken lists them.
func NeedsPublishableKey(types []string) bool {
	a, err := newAccepted(types)
	return err != nil || a.needsPublishableKey()
}

// isForm tells whether a token has the three parts of a JWT, whatever they hold.
func isForm(token string) bool {
	parts := 0
	for part := range strings.SplitSeq(token, ".") {
		parts++
		if part == "" || strings.ContainsFunc(part, func(c rune) bool { return !isBase64URL(c) }) {
			return false
		}
	}
	return parts == 3
}

func isBase64URL(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// machineTypes lists the types of JWTs for machines.
var machineTypes = map[verifier.MachineKind]string{verifier.M2MToken: M2MToken, verifier.OAuthToken: OAuthToken}

// typeOf tells the type that a token says it is of; a session token when it
// says nothing.
func (q *request) typeOf(token string) string {
	for _, opaque := range opaquePrefixes {
		if strings.HasPrefix(token, opaque.prefix) {
			return opaque.tokenType
		}
	}
	if parsed := q.unverified(token); parsed != nil {
		if machine, ok := machineTypes[parsed.MachineKind()]; ok {
			return machine
		}
	}
	return SessionToken
}

// withSeveral decides by the Authorization header where not only session tokens
// are accepted. Machine tokens are never taken from cookies.
func (q *request) withSeveral(token string) *State {
	accepts := q.auth.accepts
	tokenType := SessionToken
	if token != "" {
		tokenType = q.typeOf(token)
	}
	switch {
	case !accepts.several && token == "":
		return q.refusedMachine(accepts.types[0], ReasonNoTokenInHeader, "")
	case !accepts.several && tokenType != accepts.types[0]:
		return q.refusedMachine(accepts.types[0], string(verifier.ReasonTokenTypeMismatch), "")
	case !accepts.has(tokenType):
		return q.refusedMachine("", string(verifier.ReasonTokenTypeMismatch), "")
	case token == "":
		return q.withCookies()
	case tokenType == SessionToken:
		return q.withHeader(token)
	default:
		return q.withMachine(tokenType, token)
	}
}

func (q *request) withMachine(tokenType, token string) *State {
	if isForm(token) {
		return q.withMachineJWT(token)
	}
	if len(token) > maxOpaqueToken || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return q.refusedMachine(tokenType, string(verifier.ReasonTokenInvalid), "expected a token as Clerk makes them")
	}
	if q.auth.options.Machines == nil {
		return q.refusedMachine(tokenType, string(verifier.ReasonSecretKeyInvalid),
			"such a token can only be verified with a secret key")
	}
	machine, err := q.auth.options.Machines.VerifyMachineToken(q.http.Context(), tokenType, token)
	if err == nil {
		err = q.checkMachine(tokenType, machine)
	}
	if err != nil {
		return q.refusedMachineFor(tokenType, err)
	}
	return q.signedInMachine(tokenType, token, machine)
}

// checkMachine checks what the Backend API should have, and answers with: that
// the token is still good, and meant for here.
func (q *request) checkMachine(tokenType string, m *Machine) error {
	invalid := func(message string) error {
		return &MachineError{Reason: string(verifier.ReasonTokenInvalid), Message: message}
	}
	skew := q.auth.want.ClockSkew
	switch {
	case m == nil || m.Subject == "":
		return invalid("expected a token with a subject")
	case m.Revoked:
		return invalid("the token was revoked")
	case !m.ExpiresAt.IsZero() && !m.ExpiresAt.After(q.auth.options.Now().Add(-skew)):
		return invalid("the token has expired")
	}
	audiences := q.auth.want.Audiences
	if tokenType != OAuthToken || len(audiences) == 0 {
		return nil
	}
	wanted := func(audience string) bool { return slices.Contains(audiences, audience) }
	if slices.Contains(m.Audiences, "") || !slices.ContainsFunc(m.Audiences, wanted) {
		return &MachineError{Reason: string(verifier.ReasonTokenVerificationFailed), Message: "the token is for another audience"}
	}
	return nil
}

func (q *request) withMachineJWT(token string) *State {
	parsed, err := q.parse(token)
	if err != nil {
		// Its beginning says that it is opaque, and its form that it is not.
		return q.refusedMachineFor(M2MToken, &MachineError{Reason: string(verifier.ReasonTokenInvalid), Message: explain(err)})
	}
	tokenType, ok := machineTypes[parsed.MachineKind()]
	if !ok {
		return q.refusedMachine(OAuthToken, string(verifier.ReasonTokenVerificationFailed), "expected a machine's token")
	}
	claims, err := q.auth.options.Verifier.VerifyMachine(q.http.Context(), parsed, verifier.MachineRequirements{
		Audiences: q.auth.want.Audiences, ClockSkew: q.auth.want.ClockSkew,
	})
	if err != nil {
		return q.refusedMachineFor(tokenType, machineRefusal(err))
	}
	return q.signedInMachine(tokenType, token, &Machine{
		ID: claims.ID, Subject: claims.Subject, ClientID: claims.ClientID, Scopes: claims.Scopes,
		Claims: claims.JSON(), Audiences: claims.Audiences, ExpiresAt: claims.ExpiresAt, Actor: claims.Actor,
	})
}

// machineRefusal gives the reason in the words that the SDK has for machine
// tokens, which are fewer than for session tokens.
func machineRefusal(err error) error {
	if errors.Is(err, verifier.ErrKeysUnavailable) {
		return err
	}
	reason := verifier.ReasonTokenVerificationFailed
	if verifier.ReasonOf(err) == verifier.ReasonTokenTypeMismatch {
		reason = verifier.ReasonTokenInvalid
	}
	return &MachineError{Reason: string(reason), Message: explain(err)}
}

func (q *request) signedInMachine(tokenType, token string, m *Machine) *State {
	s := q.decided(SignedIn)
	s.TokenType, s.Token, s.Machine = tokenType, token, m
	return s
}

func (q *request) refusedMachine(tokenType, reason, message string) *State {
	s := q.signedOut(reason, message)
	s.TokenType = tokenType
	return s
}

func (q *request) refusedMachineFor(tokenType string, err error) *State {
	// What the client is told holds nothing of how Clerk is asked.
	reason, message := ReasonUnexpectedError, "Clerk could not be asked about the token"
	if refusal, ok := errors.AsType[*MachineError](err); ok {
		reason, message = refusal.Reason, refusal.Message
	} else if errors.Is(err, verifier.ErrKeysUnavailable) {
		reason, message = string(verifier.ReasonTokenVerificationFailed), explain(err)
	} else {
		q.auth.warn(&q.auth.machineWarning, "asking Clerk about a machine token failed", "error", err)
	}
	s := q.refusedMachine(tokenType, reason, message)
	s.Unavailable = errors.Is(err, ErrUnavailable) || errors.Is(err, verifier.ErrKeysUnavailable)
	return s
}
