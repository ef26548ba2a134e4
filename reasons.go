// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"strings"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/authstate/legacy"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// reasons lists all reasons that this code gives. What else can stand in one
// comes from Clerk's API, as the end of what begins with refreshReason.
var reasons = newSet(
	string(verifier.ReasonTokenExpired),
	string(verifier.ReasonTokenInvalid),
	string(verifier.ReasonTokenInvalidAlgorithm),
	string(verifier.ReasonTokenInvalidAuthorizedParties),
	string(verifier.ReasonTokenInvalidIssuer),
	string(verifier.ReasonTokenInvalidSignature),
	string(verifier.ReasonTokenNotActiveYet),
	string(verifier.ReasonTokenIatInTheFuture),
	string(verifier.ReasonTokenVerificationFailed),
	string(verifier.ReasonTokenTypeMismatch),
	string(verifier.ReasonSecretKeyInvalid),
	string(verifier.ReasonJWKRemoteFailedToLoad),
	string(verifier.ReasonJWKKidMismatch),

	authstate.ReasonClientUATWithoutSessionToken,
	authstate.ReasonDevBrowserMissing,
	authstate.ReasonDevBrowserSync,
	authstate.ReasonPrimaryDomainCrossOriginSync,
	authstate.ReasonSessionTokenAndUATMissing,
	authstate.ReasonSessionTokenMissing,
	authstate.ReasonSessionTokenExpired,
	authstate.ReasonSessionTokenIATBeforeClientUAT,
	authstate.ReasonSessionTokenNBF,
	authstate.ReasonSessionTokenIatInTheFuture,
	authstate.ReasonSessionTokenWithoutClientUAT,
	authstate.ReasonSatelliteNeedsSyncing,
	authstate.ReasonPrimaryRespondsToSyncing,
	authstate.ReasonActiveOrganizationMismatch,
	authstate.ReasonSessionPending,
	authstate.ReasonNoTokenInHeader,
	authstate.ReasonUnexpectedError,
	authstate.ReasonOutageGrace,

	refreshReason+"non-eligible-no-refresh-cookie",
	refreshReason+"non-eligible-non-get",
	refreshReason+"missing-api-client",
	refreshReason+"expired-session-token-missing-sid-claim",
	refreshReason+"invalid-session-token",
	refreshReason+"fetch-error",
	refreshReason+"unexpected-sdk-error",
	refreshReason+"unexpected-bapi-error",

	legacy.ReasonHeaderMissingNonBrowser,
	legacy.ReasonHeaderMissingCORS,
	legacy.ReasonUATMissing,
	legacy.ReasonCrossOriginReferrer,
	legacy.ReasonCookieAndUATMissing,
	legacy.ReasonStandardSignedOut,
	legacy.ReasonCookieMissing,
	legacy.ReasonCookieOutdated,
	legacy.ReasonUnknown,
	legacy.ReasonHeaderExpired,
	legacy.ReasonHeaderEarly,
	legacy.ReasonHeaderInvalid,
	legacy.ReasonHeaderInvalidIssuer,
	legacy.ReasonHeaderUnauthorizedParty,
	legacy.ReasonHeaderVerificationFailed,
	legacy.ReasonCookieExpired,
	legacy.ReasonCookieEarly,
	legacy.ReasonCookieInvalid,
	legacy.ReasonCookieInvalidIssuer,
	legacy.ReasonCookieUnauthorizedParty,
	legacy.ReasonCookieVerificationFailed,
	legacy.ReasonPublicKeyFetchError,
	legacy.ReasonInternalError,

	"missing-role",
	"missing-permission",
	"missing-feature",
	"missing-plan",
	"reverification-error",
	"insufficient-scope",
	"invalid-requirement",

	reasonInvalidTarget,
	string(reasonSessionRevoked),
	reasonSignOutCrossOrigin,
	reasonSignOutMethod,
)

// refreshReason begins the reasons that tell why a session was not refreshed.
const refreshReason = authstate.ReasonSessionTokenExpired + "-refresh-"

// otherReason stands in metrics for what is not listed.
const otherReason = "other"

// listedReason gives a reason, or what stands for it where the number of
// reasons must be bounded.
func listedReason(reason string) string {
	switch {
	case reason == "" || reasons[reason]:
		return reason
	case strings.HasPrefix(reason, refreshReason):
		return refreshReason + otherReason
	default:
		return otherReason
	}
}

func newSet(members ...string) map[string]bool {
	set := make(map[string]bool, len(members))
	for _, member := range members {
		set[member] = true
	}
	return set
}
