// SPDX-License-Identifier: Apache-2.0

package legacy

import (
	"errors"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// place is where a token came from.
type place int

const (
	inHeader place = iota
	inCookie
)

// refusal is what becomes of a token that was refused: the status, and the
// reasons by the token's place.
type refusal struct {
	status  Status
	reasons [2]string
}

var (
	expired            = refusal{Interstitial, [2]string{ReasonHeaderExpired, ReasonCookieExpired}}
	early              = refusal{Interstitial, [2]string{ReasonHeaderEarly, ReasonCookieEarly}}
	invalid            = refusal{SignedOut, [2]string{ReasonHeaderInvalid, ReasonCookieInvalid}}
	invalidIssuer      = refusal{SignedOut, [2]string{ReasonHeaderInvalidIssuer, ReasonCookieInvalidIssuer}}
	unauthorizedParty  = refusal{SignedOut, [2]string{ReasonHeaderUnauthorizedParty, ReasonCookieUnauthorizedParty}}
	verificationFailed = refusal{SignedOut, [2]string{ReasonHeaderVerificationFailed, ReasonCookieVerificationFailed}}
	keyFetchError      = refusal{SignedOut, [2]string{ReasonPublicKeyFetchError, ReasonPublicKeyFetchError}}
	internalError      = refusal{SignedOut, [2]string{ReasonInternalError, ReasonInternalError}}
)

// refusals says it for the reasons of package verifier. Only what time has done
// to a token can be mended by Clerk.js.
var refusals = map[verifier.Reason]refusal{
	verifier.ReasonTokenExpired:                  expired,
	verifier.ReasonTokenNotActiveYet:             early,
	verifier.ReasonTokenIatInTheFuture:           early,
	verifier.ReasonTokenInvalid:                  invalid,
	verifier.ReasonTokenTypeMismatch:             invalid,
	verifier.ReasonTokenInvalidIssuer:            invalidIssuer,
	verifier.ReasonTokenInvalidAuthorizedParties: unauthorizedParty,
	verifier.ReasonSecretKeyInvalid:              keyFetchError,
	verifier.ReasonJWKRemoteFailedToLoad:         keyFetchError,
	verifier.ReasonJWKKidMismatch:                keyFetchError,
}

// refusalOf gives what becomes of a token that a Verifier has refused.
func refusalOf(err error) refusal {
	if errors.Is(err, verifier.ErrKeysUnavailable) {
		return keyFetchError
	}
	known, ok := errors.AsType[*verifier.Error](err)
	if !ok {
		return internalError
	}
	if r, ok := refusals[known.Reason]; ok {
		return r
	}
	return verificationFailed
}
