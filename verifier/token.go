// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strconv"
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
	categoryIgnore  = "cl_I7d4PD111III"
)

// machineSubjectPrefix begins the subject of a machine-to-machine token.
const machineSubjectPrefix = "mch_"

// Token is a JWT whose form has been read, and nothing else. Until it was
// verified, everything it says is only what its sender says.
type Token struct {
	raw       string
	signed    string
	header    object
	payload   object
	claims    []byte
	signature []byte
	facts     facts

	// verified is set in what the cache holds, and nowhere else.
	verified *verification
}

// object holds the members of a JSON object, undecoded. Names are compared
// exactly; of duplicates the last counts, as in JSON.parse.
type object map[string]json.RawMessage

// text gives a member that is a string.
func (o object) text(name string) (string, bool) {
	raw, ok := o[name]
	if !ok || len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// number gives a member that is a number, NaN if it is none.
func (o object) number(name string) float64 {
	raw, ok := o[name]
	if !ok || len(raw) == 0 || raw[0] == '"' || raw[0] == 'n' {
		return math.NaN()
	}
	var f float64
	if json.Unmarshal(raw, &f) != nil {
		return math.NaN()
	}
	return f
}

// compared gives a member as the number that JavaScript takes it for in a
// comparison (ECMA-262, section 7.1.4).
func (o object) compared(name string) float64 {
	switch string(o[name]) {
	case "null", "false":
		return 0
	case "true":
		return 1
	}
	text, ok := o.text(name)
	if !ok {
		return o.number(name)
	}
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return number
}

// texts reads a list of strings. A list with anything else in it is none, a
// null included, which encoding/json would read as an empty string.
func texts(raw json.RawMessage) (list []string, ok bool) {
	var elements []*string
	if json.Unmarshal(raw, &elements) != nil {
		return nil, false
	}
	list = make([]string, 0, len(elements))
	for _, element := range elements {
		if element == nil {
			return nil, false
		}
		list = append(list, *element)
	}
	return list, true
}

// parse reads the compact form of RFC 7515, section 3.1.
func parse(raw string, decode func(string) ([]byte, error)) (*Token, error) {
	if len(raw) > MaxTokenSize {
		return nil, refuse(ReasonTokenInvalid, "a token has at most %d bytes, this one has %d", MaxTokenSize, len(raw))
	}
	if n := strings.Count(raw, "."); n != 2 {
		return nil, refuse(ReasonTokenInvalid, "a token has three parts separated by dots, this one has %d", n+1)
	}
	signed := raw[:strings.LastIndexByte(raw, '.')]
	header, payload, _ := strings.Cut(signed, ".")

	t := &Token{raw: raw, signed: signed}
	var err error
	if _, t.header, err = decodeObject(header, decode); err != nil {
		return nil, &Error{Reason: ReasonTokenInvalid, Message: "decoding the token's header", cause: err}
	}
	if t.claims, t.payload, err = decodeObject(payload, decode); err != nil {
		return nil, &Error{Reason: ReasonTokenInvalid, Message: "decoding the token's payload", cause: err}
	}
	if t.signature, err = decode(raw[len(signed)+1:]); err != nil {
		return nil, &Error{Reason: ReasonTokenInvalid, Message: "decoding the token's signature", cause: err}
	}
	t.facts = t.readFacts()
	return t, nil
}

var errNull = errors.New("expected a JSON object, got null")

// decodeObject reads one base64url part. A JSON value that is neither an
// object nor null has no members; the checks that follow refuse it for what
// it lacks, with the same reasons as Clerk's SDK.
func decodeObject(part string, decode func(string) ([]byte, error)) ([]byte, object, error) {
	data, err := decode(part)
	if err != nil {
		return nil, nil, err
	}
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' {
		var value any
		if json.Unmarshal(data, &value) != nil {
			return nil, nil, errNotJSON
		}
		if value == nil {
			return nil, nil, errNull
		}
		return data, object{}, nil
	}
	var o object
	if json.Unmarshal(data, &o) != nil {
		return nil, nil, errNotJSON
	}
	return data, o, nil
}

// errNotJSON stands for the decoder's own error, which would quote the token.
var errNotJSON = errors.New("expected JSON")

var errNotBase64URL = errors.New("expected base64url without padding")

// strictBase64URL decodes base64url as RFC 7515, section 2 has it: no
// padding, no line breaks, no stray bits, so that a token has one spelling.
func strictBase64URL(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errNotBase64URL
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errNotBase64URL
	}
	return data, nil
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

// IsSessionClass tells whether the token says of itself that it is a session
// token: neither a machine token nor of another category. Old tokens carry no
// category.
func (t *Token) IsSessionClass() bool { return t.facts.sessionClass }

func (t *Token) isSessionClass() bool {
	if len(t.signature) > 0 && (t.isOAuthAccessToken() || t.isMachineToken()) {
		return false
	}
	return t.hasSessionCategory()
}

// hasSessionCategory tells whether "cat" is absent, a session token's, or the
// one that carries no information.
func (t *Token) hasSessionCategory() bool {
	if _, present := t.header["cat"]; !present {
		return true
	}
	category, _ := t.header.text("cat")
	return category == categorySession || category == categoryIgnore
}

// isOAuthAccessToken looks at the type of RFC 9068, section 2.1.
func (t *Token) isOAuthAccessToken() bool {
	typ, _ := t.header.text("typ")
	return typ == "at+jwt" || typ == "application/at+jwt"
}

func (t *Token) isMachineToken() bool {
	sub, _ := t.payload.text("sub")
	return strings.HasPrefix(sub, machineSubjectPrefix)
}
