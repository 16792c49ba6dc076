package io.pillion.samples.storefront;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A visitor of one or more instances of the shop, who keeps one session cookie. */
final class ShopClient {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final HttpClient http = HttpClient.newHttpClient();
  private volatile String cookie = "";

  /** The answer of {@code GET http://127.0.0.1:port/path}. */
  HttpResponse<String> get(int port, String path) {
    return send(port, path, "GET", "");
  }

  /** The answer to a request with a JSON body, which may be empty. */
  HttpResponse<String> send(int port, String path, String method, String body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(20))
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body));
    if (!cookie.isEmpty()) {
      request.header("Cookie", cookie);
    }
    try {
      HttpResponse<String> answer = http.send(request.build(), BodyHandlers.ofString());
      answer
          .headers()
          .firstValue("Set-Cookie")
          .ifPresent(set -> cookie = set.substring(0, set.indexOf(';')));
      return answer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The JSON of a successful answer. */
  JsonNode json(int port, String path, String method, String body) {
    HttpResponse<String> answer = send(port, path, method, body);
    if (answer.statusCode() != 200) {
      throw new AssertionError(
          method + " " + path + ": " + answer.statusCode() + " " + answer.body());
    }
    return JSON.readTree(answer.body());
  }

  /** The JSON of a successful GET. */
  JsonNode json(int port, String path) {
    return json(port, path, "GET", "");
  }
}
