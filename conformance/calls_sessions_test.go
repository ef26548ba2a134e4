// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"context"
	"encoding/json"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

var sessionCalls = []apiCall{
	{reference: `sessions.getSessionList({ userId: "user_1", status: "active", limit: 10 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Sessions.List(ctx, backendapi.ListSessionsParams{
			UserID: some("user_1"), Status: some(backendapi.SessionStatusActive), Limit: some(10),
		})
	}},
	{reference: `sessions.getSessionList({ clientId: "client_1", offset: 0 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Sessions.List(ctx, backendapi.ListSessionsParams{ClientID: some("client_1"), Offset: some(0)})
	}, differs: zeroInQuery("offset=0")},
	{reference: `sessions.createSession({ userId: "user_1" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Sessions.Create(ctx, backendapi.CreateSessionParams{UserID: "user_1"})
	}},
	{reference: `sessions.revokeSession("sess_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Sessions.Revoke(ctx, "sess_1")
	}},
	{reference: `sessions.verifySession("sess_1", "ey.ey.s")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Sessions.Verify(ctx, "sess_1", backendapi.VerifySessionParams{Token: "ey.ey.s"}) //nolint:staticcheck // Deprecated, and yet the same.
	}},
	{reference: `sessions.getToken("sess_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Sessions.CreateToken(ctx, "sess_1", backendapi.CreateSessionTokenParams{})
	}, differs: noMembers()},
	{reference: `sessions.getToken("sess_1", "my template", 60)`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Sessions.CreateTokenFromTemplate(ctx, "sess_1", "my template", backendapi.CreateSessionTokenFromTemplateParams{ExpiresInSeconds: some(60)})
	}},
	{
		reference: `sessions.refreshSession("sess_1", {
			format: "cookie", suffixed_cookies: true, expired_token: "ey.ey.s", refresh_token: "rt+/=", request_origin: "https://example.com",
			request_originating_ip: "192.0.2.1", request_headers: { "user-agent": ["Ada <1>"], cookie: ["a=b", "c=ü"] },
		})`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.Sessions.Refresh(ctx, "sess_1", backendapi.RefreshSessionParams{
				SuffixedCookies: true, ExpiredToken: "ey.ey.s", RefreshToken: "rt+/=", RequestOrigin: "https://example.com",
				RequestOriginatingIP: "192.0.2.1", RequestHeaders: map[string][]string{"user-agent": {"Ada <1>"}, "cookie": {"a=b", "c=ü"}},
			})
		},
	},
	{
		reference: `sessions.refreshSession("sess_1", { format: "cookie", suffixed_cookies: false, expired_token: "a", refresh_token: "b", request_origin: "https://example.com" })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.Sessions.Refresh(ctx, "sess_1", backendapi.RefreshSessionParams{ExpiredToken: "a", RefreshToken: "b", RequestOrigin: "https://example.com"})
		},
	},
	{reference: `clients.getHandshakePayload({ nonce: "a+b/c=&d ü" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Clients.HandshakePayload(ctx, "a+b/c=&d ü")
	}},
	{reference: `clients.getClientList({ limit: 1 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Clients.List(ctx, backendapi.ListClientsParams{Limit: some(1)}) //nolint:staticcheck // Deprecated, and yet the same.
	}},
	{reference: `clients.verifyClient("ey.ey.s")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Clients.Verify(ctx, backendapi.VerifyClientParams{Token: "ey.ey.s"})
	}},
	{reference: `jwks.getJwks()`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.JWKS.Get(ctx)
	}},
	{reference: `signInTokens.createSignInToken({ userId: "user_1", expiresInSeconds: 3600 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.SignInTokens.Create(ctx, backendapi.CreateSignInTokenParams{UserID: "user_1", ExpiresInSeconds: some(3600)})
	}},
	{reference: `actorTokens.create({ userId: "user_1", actor: { sub: "user_2", moreToSay: 1 }, sessionMaxDurationInSeconds: 0 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.ActorTokens.Create(ctx, backendapi.CreateActorTokenParams{
			UserID: "user_1", Actor: json.RawMessage(`{"sub":"user_2","moreToSay":1}`), SessionMaxDurationInSeconds: some(0),
		})
	}},
	{
		reference: `agentTasks.create({
			onBehalfOf: { userId: "user_1" }, permissions: "*", agentName: "Agent", taskDescription: "a\nb", redirectUrl: "https://example.com",
		})`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.AgentTasks.Create(ctx, backendapi.CreateAgentTaskParams{
				OnBehalfOf:  backendapi.CreateAgentTaskOnBehalfOf{UserID: some("user_1")},
				Permissions: "*", AgentName: "Agent", TaskDescription: "a\nb", RedirectURL: "https://example.com",
			})
		},
	},
	{reference: `testingTokens.createTestingToken()`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.TestingTokens.Create(ctx)
	}},
	{
		reference: `jwtTemplates.create({ name: "a", claims: { camelKey: "{{user.id}}", nested: { alsoThis: [1] } }, lifetime: 60, customSigningKey: false })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.JWTTemplates.Create(ctx, backendapi.CreateJWTTemplateParams{
				Name: "a", Claims: json.RawMessage(`{"camelKey":"{{user.id}}","nested":{"alsoThis":[1]}}`), Lifetime: some(60), CustomSigningKey: some(false),
			})
		},
	},
	{reference: `jwtTemplates.list({ limit: 5 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.JWTTemplates.List(ctx, backendapi.ListJWTTemplatesParams{Limit: some(5)})
	}},
}
