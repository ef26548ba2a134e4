// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"strings"
	"time"
)

// Limits of a handshake: Clerk sends about ten directives, of which the two
// session tokens are the largest.
const (
	maxDirectives    = 64
	maxDirectiveSize = 8 << 10
)

// VerifyHandshake checks a handshake token and gives the Set-Cookie directives
// it carries. They are sent on as they are, so only a token of the session
// class that the instance signed counts: a JWT template could carry a claim
// of the same name. A time claim is optional, but one that is there must hold.
func (v *Verifier) VerifyHandshake(ctx context.Context, token string, skew time.Duration) ([]string, error) {
	t, err := parse(token, v.decode)
	if err != nil {
		return nil, err
	}
	if !t.parts.hasSessionCategory() {
		return nil, refuse(ReasonTokenInvalid, "expected a handshake token, got one of another category")
	}
	key, err := v.keys.Key(ctx, t.facts.keyID)
	if err != nil {
		return nil, err
	}
	if _, err := v.verifySignature(ctx, t.parts, key, NotMachine); err != nil {
		return nil, err
	}
	if err := t.facts.checkHandshakeTimes(v.now(), skew); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(t.parts.payload.raw(memberHandshake), "[") {
		// As with Clerk's SDK, what is no list holds no cookies.
		return nil, nil
	}
	directives, ok := t.parts.payload.strings(memberHandshake)
	if !ok {
		return nil, refuse(ReasonTokenInvalid, "expected the claim handshake to be a list of strings")
	}
	if err := CheckDirectives(directives); err != nil {
		return nil, err
	}
	return directives, nil
}

func (f *facts) checkHandshakeTimes(now time.Time, skew time.Duration) error {
	if f.expiry.present {
		return f.checkTimes(now, skew)
	}
	return f.checkBeginnings(now, skew)
}

// CheckDirectives refuses Set-Cookie directives that could not stand in a
// response header: too many, too long, or with control characters in them.
func CheckDirectives(directives []string) error {
	if len(directives) > maxDirectives {
		return refuse(ReasonTokenInvalid, "a handshake has at most %d cookies, this one has %d", maxDirectives, len(directives))
	}
	for _, directive := range directives {
		if len(directive) > maxDirectiveSize {
			return refuse(ReasonTokenInvalid, "a handshake cookie has at most %d bytes, this one has %d", maxDirectiveSize, len(directive))
		}
		for i := range len(directive) {
			if c := directive[i]; c < ' ' || c == 0x7f {
				return refuse(ReasonTokenInvalid, "a handshake cookie contains a control character")
			}
		}
	}
	return nil
}
