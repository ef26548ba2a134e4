// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// MaxTokenSize is the size in bytes above which a token is refused unread.
// Clerk keeps session tokens under the 4 KB that a cookie can hold.
const MaxTokenSize = 16 << 10

// Token categories that Clerk writes into the "cat" header, so that tokens of
// different classes, all signed with the instance's key, cannot stand in for
// each other.
const (
	categorySession = "cl_B7d4PD111AAA"
	categoryM2M     = "cl_B7d4PD333AAA"
	categoryIgnore  = "cl_I7d4PD111III"
)

// machineSubjectPrefix begins the subject of a machine-to-machine token.
const machineSubjectPrefix = "mch_"

// Token is a JWT whose form has been read, and nothing else. Until it was
// verified, everything it says is only what its sender says.
type Token struct {
	raw   string
	facts facts

	// parts is what it takes to verify the token. What the cache holds has been
	// verified, and has that instead.
	parts    *parts
	verified *verification
}

// parts is a token taken apart.
type parts struct {
	signed          []byte
	header, payload object
	signature       []byte
}

// parse reads the compact form of RFC 7515, section 3.1. All bytes of a token
// stand in one piece of memory, and what is read of them in another: strangers
// make it do this as often as they like.
func parse(raw string, decode decoder) (*Token, error) {
	if len(raw) > MaxTokenSize {
		return nil, refuse(ReasonTokenInvalid, "a token has at most %d bytes, this one has %d", MaxTokenSize, len(raw))
	}
	header, rest, _ := strings.Cut(raw, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.IndexByte(signature, '.') >= 0 {
		return nil, refuse(ReasonTokenInvalid, "a token has three parts separated by dots, this one has %d", 1+strings.Count(raw, "."))
	}
	signed := raw[:len(raw)-len(signature)-1]
	memory := make([]byte, 0, base64URL.DecodedLen(len(raw))+len(signed))
	var ofHeader, ofPayload object
	memory, err := ofHeader.decode(memory, header, decode)
	if err != nil {
		return nil, malformed("header", err)
	}
	if memory, err = ofPayload.decode(memory, payload, decode); err != nil {
		return nil, malformed("payload", err)
	}
	begin := len(memory)
	if memory, err = decode(memory, signature); err != nil {
		return nil, malformed("signature", err)
	}
	both := &struct {
		Token
		parts
	}{parts: parts{header: ofHeader, payload: ofPayload, signature: memory[begin:len(memory):len(memory)]}}
	t, p := &both.Token, &both.parts
	p.signed = append(memory, signed...)[len(memory):]
	t.raw, t.facts, t.parts = raw, p.readFacts(), p
	return t, nil
}

func malformed(part string, cause error) *Error {
	return &Error{Reason: ReasonTokenInvalid, Message: "decoding the token's " + part, cause: cause}
}

// decode reads a part of a token that is an object, and appends its bytes.
func (o *object) decode(to []byte, part string, decode decoder) ([]byte, error) {
	decoded, err := decode(to, part)
	if err != nil {
		return nil, err
	}
	return decoded, o.read(string(decoded[len(to):]))
}

// decoder appends the bytes that a part of a token stands for.
type decoder func(to []byte, part string) ([]byte, error)

var errNotBase64URL = errors.New("expected base64url without padding")

var base64URL = base64.RawURLEncoding.Strict()

// strictBase64URL decodes base64url as RFC 7515, section 2 has it: no
// padding, no line breaks, no stray bits, so that a token has one spelling.
func strictBase64URL(to []byte, part string) ([]byte, error) {
	if strings.IndexByte(part, '\r') >= 0 || strings.IndexByte(part, '\n') >= 0 {
		return nil, errNotBase64URL
	}
	decoded, err := base64URL.AppendDecode(to, []byte(part))
	if err != nil {
		return nil, errNotBase64URL
	}
	return decoded, nil
}

// decodeWith makes a decoder of a function that knows nothing of the others.
func decodeWith(decode func(string) ([]byte, error)) decoder {
	return func(to []byte, part string) ([]byte, error) {
		decoded, err := decode(part)
		if err != nil {
			return nil, err
		}
		if len(decoded) > MaxTokenSize {
			return nil, fmt.Errorf("expected at most %d bytes when decoded, got %d", MaxTokenSize, len(decoded))
		}
		return append(to, decoded...), nil
	}
}

// String gives the token as it was read.
func (t *Token) String() string { return t.raw }

// UnverifiedIssuer gives the "iss" claim, empty when it is no text.
func (t *Token) UnverifiedIssuer() string { return t.facts.issuer }

// HasIssuer tells whether there is an "iss" claim that is not empty, of
// whatever type. The rules about suffixed cookies ask for just that.
func (t *Token) HasIssuer() bool { return t.facts.hasIssuer }

// UnverifiedIssuedAt gives the "iat" claim in seconds since the epoch; ok is
// false when there is none. The rules about old cookies compare it before it
// is known to be a number, and so does this: one that is not any is NaN.
func (t *Token) UnverifiedIssuedAt() (at float64, ok bool) {
	return t.facts.comparedIssuedAt, t.facts.issuedAt.present
}

// UnverifiedExpiry gives the "exp" claim in seconds since the epoch, NaN when
// there is none, and otherwise like UnverifiedIssuedAt.
func (t *Token) UnverifiedExpiry() float64 { return t.facts.comparedExpiry }

// UnverifiedSubject gives the "sub" claim, empty when it is no text.
func (t *Token) UnverifiedSubject() string { return t.text(memberSubject) }

// UnverifiedSessionID gives the "sid" claim, empty when it is no text.
func (t *Token) UnverifiedSessionID() string { return t.text(memberSessionID) }

// text gives a member of the payload. They are asked for seldom, and so read
// anew where the token was remembered and is not kept whole.
func (t *Token) text(m member) string {
	payload := new(object)
	if t.parts != nil {
		payload = &t.parts.payload
	} else if payload.read(t.verified.text()) != nil {
		return ""
	}
	text, _ := payload.string(m)
	return text
}

// IsSessionClass tells whether the token says of itself that it is a session
// token: neither a machine token nor of another category. Old tokens carry no
// category.
func (t *Token) IsSessionClass() bool { return t.facts.sessionClass }

// hasSessionCategory tells whether "cat" is absent, a session token's, or the
// one that carries no information.
func (p *parts) hasSessionCategory() bool {
	if !p.header.has(memberCategory) {
		return true
	}
	category, _ := p.header.string(memberCategory)
	return category == categorySession || category == categoryIgnore
}

// isOAuthAccessToken looks at the type of RFC 9068, section 2.1.
func (p *parts) isOAuthAccessToken() bool {
	typ, _ := p.header.string(memberType)
	return isOAuthType(typ)
}

func isOAuthType(typ string) bool { return typ == "at+jwt" || typ == "application/at+jwt" }

func (p *parts) isMachineToken() bool {
	sub, _ := p.payload.string(memberSubject)
	return strings.HasPrefix(sub, machineSubjectPrefix)
}
