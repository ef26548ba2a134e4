// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"errors"
	"fmt"
)

// Reason says in one stable word why a token was refused. The values are
// those that Clerk's backend SDK uses, so that Clerk's documentation and
// other SDKs' logs can be searched for them.
type Reason string

// The reasons a token can be refused for.
const (
	ReasonTokenExpired                  Reason = "token-expired"
	ReasonTokenInvalid                  Reason = "token-invalid"
	ReasonTokenInvalidAlgorithm         Reason = "token-invalid-algorithm"
	ReasonTokenInvalidAuthorizedParties Reason = "token-invalid-authorized-parties"
	ReasonTokenInvalidIssuer            Reason = "token-invalid-issuer"
	ReasonTokenInvalidSignature         Reason = "token-invalid-signature"
	ReasonTokenNotActiveYet             Reason = "token-not-active-yet"
	ReasonTokenIatInTheFuture           Reason = "token-iat-in-the-future"
	ReasonTokenVerificationFailed       Reason = "token-verification-failed"
	ReasonTokenTypeMismatch             Reason = "token-type-mismatch" //nolint:gosec // It is a reason, not a credential.
	ReasonSecretKeyInvalid              Reason = "secret-key-invalid"
	ReasonJWKRemoteFailedToLoad         Reason = "jwk-remote-failed-to-load"
	ReasonJWKKidMismatch                Reason = "jwk-kid-mismatch"
)

// ErrKeysUnavailable is wrapped by every error that means "the keys could not
// be had", as opposed to "the token is bad". Whoever holds a gate shut should
// then answer that the service is unavailable, and never sign the person out.
var ErrKeysUnavailable = errors.New("verification keys are unavailable")

// Error is a refusal. It never contains the token or any part of it beyond
// short, quoted claim values.
type Error struct {
	Reason  Reason
	Message string
	// Remedy says what to do about it; empty when the token alone is at fault.
	Remedy string

	cause error
}

func (e *Error) Error() string {
	text := e.Message
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return fmt.Sprintf("%s (%s)", text, e.Reason)
}

// Unwrap gives the cause, if there is one.
func (e *Error) Unwrap() error { return e.cause }

// ReasonOf gives the reason of a refusal, and token-verification-failed for
// an error that is not one of this package's.
func ReasonOf(err error) Reason {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal.Reason
	}
	return ReasonTokenVerificationFailed
}

func refuse(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// KeysUnavailable wraps cause as an error that means the keys could not be
// had. A KeySource returns it so that callers can tell an outage from a bad
// token.
func KeysUnavailable(reason Reason, remedy string, cause error) error {
	return &Error{
		Reason:  reason,
		Message: "loading the verification keys",
		Remedy:  remedy,
		cause:   fmt.Errorf("%w: %w", ErrKeysUnavailable, cause),
	}
}
