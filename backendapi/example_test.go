// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// answers are what stands for Clerk in the examples.
var answers = map[string]string{
	"GET /v1/users/user_1":            `{"id":"user_1","first_name":"Ada","last_name":null,"created_at":1772366400000,"public_metadata":{"plan":"gold"}}`,
	"PATCH /v1/users/user_1":          `{"id":"user_1","first_name":"Ada","last_name":null}`,
	"PATCH /v1/users/user_1/metadata": `{"id":"user_1","public_metadata":{"plan":"gold"}}`,
	"POST /v1/users":                  `{"id":"user_2","first_name":"Grace","last_name":"Hopper"}`,
	"DELETE /v1/users/user_1":         `{"id":"user_1","object":"user","deleted":true}`,
	"GET /v1/users":                   `[{"id":"user_1","banned":false},{"id":"user_2","banned":true}]`,
	"GET /v1/sessions":                `{"data":[{"id":"sess_1","status":"active"}],"total_count":1}`,
	"POST /v1/sessions/sess_1/revoke": `{"id":"sess_1","status":"revoked"}`,
	"POST /v1/organizations":          `{"id":"org_1","name":"Acme"}`,
	"GET /v1/organizations/org_1/memberships": `{"data":[{"id":"orgmem_1","role":"org:admin","public_user_data":{"user_id":"user_1"}}],` +
		`"total_count":1}`,
	"POST /v1/invitations": `{"id":"inv_1","status":"pending"}`,
}

// exampleClient gives a Client that speaks to what stands for Clerk. For Clerk
// itself it is
//
//	backendapi.New(backendapi.Options{SecretKey: os.Getenv("CLERK_SECRET_KEY")})
func exampleClient() *backendapi.Client {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			answer = `{"errors":[{"code":"resource_not_found","message":"not found"}]}`
		}
		_, _ = w.Write([]byte(answer))
	}))
	client, err := backendapi.New(backendapi.Options{SecretKey: "sk_test_example", APIURL: server.URL})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func ExampleUsersService_Get() {
	user, err := exampleClient().Users.Get(context.Background(), "user_1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.FirstName.Or("somebody"), user.LastName.IsNull(), user.CreatedAt.Format(time.DateOnly))
	// Output: Ada true 2026-03-01
}

func ExampleUsersService_List() {
	page, err := exampleClient().Users.List(context.Background(), backendapi.ListUsersParams{
		EmailAddress: []string{"ada@example.com", "grace@example.com"},
		Limit:        backendapi.Some(10),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, user := range page.Data {
		fmt.Println(user.ID, user.Banned)
	}
	// Output:
	// user_1 false
	// user_2 true
}

func ExampleUsersService_All() {
	params := backendapi.ListUsersParams{OrderBy: backendapi.Some("-created_at")}
	for user, err := range exampleClient().Users.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user.ID)
	}
	// Output:
	// user_1
	// user_2
}

func ExampleUsersService_Create() {
	user, err := exampleClient().Users.Create(context.Background(), backendapi.CreateUserParams{
		EmailAddress: []string{"grace@example.com"},
		FirstName:    backendapi.Some("Grace"),
		LastName:     backendapi.Some("Hopper"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.ID)
	// Output: user_2
}

// What is absent stays as it is, and what is null is taken away.
func ExampleUsersService_Update() {
	user, err := exampleClient().Users.Update(context.Background(), "user_1", backendapi.UpdateUserParams{
		FirstName: backendapi.Some("Ada"),
		LastName:  backendapi.Null[string](),
	})
	if err != nil {
		log.Fatal(err)
	}
	_, has := user.LastName.Get()
	fmt.Println(has)
	// Output: false
}

func ExampleUsersService_UpdateMetadata() {
	type profile struct {
		Plan string `json:"plan"`
	}
	public, err := backendapi.Metadata(profile{Plan: "gold"})
	if err != nil {
		log.Fatal(err)
	}
	user, err := exampleClient().Users.UpdateMetadata(context.Background(), "user_1", backendapi.UpdateUserMetadataParams{PublicMetadata: public})
	if err != nil {
		log.Fatal(err)
	}
	got, err := backendapi.DecodeMetadata[profile](user.PublicMetadata)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got.Plan)
	// Output: gold
}

func ExampleUsersService_Delete() {
	client := exampleClient()
	deleted, err := client.Users.Delete(context.Background(), "user_1")
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Users.Delete(context.Background(), "user_9")
	fmt.Println(deleted.Deleted, errors.Is(err, backendapi.ErrNotFound))
	// Output: true true
}

func ExampleSessionsService_Revoke() {
	client := exampleClient()
	params := backendapi.ListSessionsParams{UserID: backendapi.Some("user_1"), Status: backendapi.Some(backendapi.SessionStatusActive)}
	for session, err := range client.Sessions.All(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		revoked, err := client.Sessions.Revoke(context.Background(), session.ID)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(revoked.ID, revoked.Status)
	}
	// Output: sess_1 revoked
}

func ExampleOrganizationsService_Create() {
	organization, err := exampleClient().Organizations.Create(context.Background(), backendapi.CreateOrganizationParams{
		Name:      "Acme",
		CreatedBy: backendapi.Some("user_1"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(organization.ID)
	// Output: org_1
}

func ExampleOrganizationMembershipsService_List() {
	page, err := exampleClient().OrganizationMemberships.List(context.Background(), "org_1", backendapi.ListOrganizationMembershipsParams{
		Role: []string{"org:admin"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, membership := range page.Data {
		user, _ := membership.PublicUserData.Get()
		fmt.Println(user.UserID, membership.Role)
	}
	// Output: user_1 org:admin
}

func ExampleInvitationsService_Create() {
	invitation, err := exampleClient().Invitations.Create(context.Background(), backendapi.CreateInvitationParams{
		EmailAddress:  "grace@example.com",
		ExpiresInDays: backendapi.Some(7),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(invitation.Status == backendapi.InvitationStatusPending)
	// Output: true
}

func ExampleError() {
	_, err := exampleClient().Users.Get(context.Background(), "user_9")
	if answer, ok := errors.AsType[*backendapi.Error](err); ok {
		fmt.Println(answer.StatusCode, answer.Details[0].Code, errors.Is(err, backendapi.ErrNotFound))
	}
	// Output: 404 resource_not_found true
}
