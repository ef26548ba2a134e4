// SPDX-License-Identifier: Apache-2.0

package backendapi

import "context"

// VerifiedAPIKey is an API key that Clerk knows.
type VerifiedAPIKey struct {
	MachineToken
	// Name is what its owner calls it.
	Name string
}

// Verify asks what an API key is: POST /api_keys/verify
// (https://clerk.com/docs/reference/backend-api/tag/api-keys/post/api_keys/verify).
// One that Clerk does not know is an *Error with the status 404.
func (s *APIKeysService) Verify(ctx context.Context, secret string) (*VerifiedAPIKey, error) {
	var result struct {
		machineTokenAnswer
		Name string `json:"name"`
	}
	if err := s.client.verify(ctx, s.client.secretKey, "api_keys/verify", "secret", secret, &result); err != nil {
		return nil, err
	}
	return &VerifiedAPIKey{MachineToken: result.token(), Name: result.Name}, nil
}
