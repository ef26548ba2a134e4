// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"errors"
	"strconv"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// The operations of the Backend API that are called, as metrics name them.
const (
	operationHandshakePayload = "get_handshake_payload"
	operationRefreshSession   = "refresh_session"
	operationEndSession       = "end_session"
	operationVerifyAPIKey     = "verify_api_key" //nolint:gosec // It is a name, not a credential.
	operationVerifyM2M        = "verify_m2m_token"
	operationVerifyOAuth      = "verify_oauth_access_token"
	operationJWKS             = "get_jwks"
	operationInterstitial     = "get_interstitial"
)

// counted is a call that is counted as one of the operation.
func counted[P, T any](operation string, call func(context.Context, P) (T, error)) func(context.Context, P) (T, error) {
	return func(ctx context.Context, params P) (T, error) {
		answer, err := call(ctx, params)
		countCall(operation, err)
		return answer, err
	}
}

func countCall(operation string, err error) {
	backendAPICallsTotal.WithLabelValues(operation, callCode(err)).Inc()
}

// callCode gives the HTTP status of an answer: 200 for every success, a token
// that is known to be dead included. Where there is none, it is a word.
func callCode(err error) string {
	if answer, ok := errors.AsType[*backendapi.Error](err); ok {
		if answer.StatusCode < 100 || answer.StatusCode > 599 {
			return "other"
		}
		return strconv.Itoa(answer.StatusCode)
	}
	switch {
	case err == nil, errors.Is(err, backendapi.ErrInactive):
		return "200"
	case errors.Is(err, backendapi.ErrNotJSON):
		return "unreadable"
	default:
		return "none"
	}
}
