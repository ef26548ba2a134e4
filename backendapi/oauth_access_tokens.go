// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"fmt"
)

// OAuthAccessTokensService is the access tokens of Clerk's OAuth identity
// provider.
type OAuthAccessTokensService struct{ client *Client }

// OAuthAccessToken is an OAuth access token that Clerk knows.
type OAuthAccessToken struct {
	MachineToken
	// ClientID is the OAuth application's.
	ClientID string
	// Audiences are whom the token is meant for; none when it does not say.
	Audiences []string
	// Actor is who acts as the subject, nil if nobody does.
	Actor *OAuthActor
}

// OAuthActor is who acts as somebody (RFC 8693, section 4.1).
type OAuthActor struct {
	Subject string      `json:"sub"`
	Issuer  string      `json:"iss"` // often empty
	Actor   *OAuthActor `json:"act"` // who acted before, nil if nobody did
}

// Verify asks what an OAuth access token is:
// POST /oauth_applications/access_tokens/verify
// (https://clerk.com/docs/reference/backend-api/tag/oauth-access-tokens/post/oauth_applications/access_tokens/verify).
// One that Clerk does not know is an *Error with the status 404; a JWT that is
// dead is ErrInactive.
func (s *OAuthAccessTokensService) Verify(ctx context.Context, token string) (*OAuthAccessToken, error) {
	var result oauthAnswer
	err := s.client.verify(ctx, s.client.secretKey, "oauth_applications/access_tokens/verify", "access_token", token, &result)
	if err != nil {
		return nil, err
	}
	return &OAuthAccessToken{
		MachineToken: result.token(),
		ClientID:     result.ClientID,
		Audiences:    result.Audiences,
		Actor:        result.Actor,
	}, nil
}

type oauthAnswer struct {
	machineTokenAnswer
	Active    *bool       `json:"active"`
	ClientID  string      `json:"client_id"`
	Audiences textOrTexts `json:"aud"`
	Actor     *OAuthActor `json:"act"`
}

func (a *oauthAnswer) check() error {
	if a.Active != nil && !*a.Active {
		return ErrInactive
	}
	for actor := a.Actor; actor != nil; actor = actor.Actor {
		if actor.Subject == "" {
			return fmt.Errorf("%w (an actor without %q)", ErrNotJSON, "sub")
		}
	}
	return a.machineTokenAnswer.check()
}
