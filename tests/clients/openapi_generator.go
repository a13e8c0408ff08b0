// A client by openapi-generator; what it tells is what report.ts says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	api "github.com/GIT_USER_ID/GIT_REPO_ID"
)

type object map[string]any

func must[T any](value T, _ any, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func card(story interface {
	GetId() string
	GetKind() string
	GetState() string
	GetHeadline() string
}) object {
	return object{"id": story.GetId(), "kind": story.GetKind(), "state": story.GetState(), "headline": story.GetHeadline()}
}

func main() {
	base, key, story := os.Args[1], os.Args[2], os.Args[3]
	settings := api.NewConfiguration()
	settings.Servers = api.ServerConfigurations{{URL: base}}
	client := api.NewAPIClient(settings)
	signed := context.WithValue(context.Background(), api.ContextAccessToken, key)

	list, search, changes, blocks, roles := []object{}, []object{}, []object{}, []object{}, []string{}
	listed := must(client.ArticlesAPI.ListArticles(signed).Limit(5).Execute())
	for _, one := range listed.Items {
		list = append(list, card(&one))
	}
	for _, one := range must(client.SearchAPI.ListSearchResults(signed).Q("harbour").Execute()).Items {
		search = append(search, card(&one))
	}
	for _, one := range must(client.ChangesAPI.ListChanges(signed).Include("card").Execute()).Items {
		changes = append(changes, object{"type": one.Type, "noun": one.Noun})
	}
	read := must(client.ArticlesAPI.GetArticle(signed, story).Execute())
	for _, one := range read.Body {
		block := object{"type": one.Type, "html": one.Html.Get()}
		if one.Level != nil {
			block["level"] = *one.Level
		}
		blocks = append(blocks, block)
	}
	for _, one := range read.Attributions {
		roles = append(roles, one.Role)
	}
	patch := *api.NewArticlePatch()
	patch.SetUrgency(2)
	match := fmt.Sprintf(`"v%d"`, read.Version)
	saved := must(client.ArticlesAPI.UpdateArticle(signed, story).IfMatch(match).ArticlePatch(patch).Execute())
	_, _, err := client.ArticlesAPI.GetArticle(signed, "absent").Execute()
	var wrong *api.GenericOpenAPIError
	if !errors.As(err, &wrong) {
		panic("there is an absent story")
	}
	problem := wrong.Model().(api.Problem)
	whole := card(read)
	whole["blocks"] = blocks
	json.NewEncoder(os.Stdout).Encode(object{
		"list": list, "search": search, "read": whole, "roles": roles, "changes": changes,
		"patched": object{"urgency": saved.Urgency.Get(), "attributions": len(saved.Attributions)},
		"problem": object{"status": problem.Status, "code": problem.Code},
	})
}
