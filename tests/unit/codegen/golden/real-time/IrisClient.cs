// Client of the real-time endpoint iris: send a request, get the answer.
//
//     IrisClient [BODY]
//
// BODY is a file with the request as JSON, or - for standard input; without it an example is sent.
// With .NET, put this file into a console project and `dotnet run`; with Mono:
//     mcs -r:System.Net.Http -r:System.Runtime.Serialization -r:System.Xml.Linq IrisClient.cs
// The endpoint's key is taken from AZUREML_ENDPOINT_KEY.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

[DataContract]
public partial class DataItem
{
    [DataMember(Name = "name", IsRequired = true)] public string Name;
    [DataMember(Name = "sepal length (cm)", IsRequired = true)] public double SepalLengthCm;
}

[DataContract]
public partial class Request
{
    [DataMember(Name = "data", IsRequired = true)] public DataItem[] Data;
    [DataMember(Name = "flag", IsRequired = true)] public bool Flag;
}

[DataContract]
public partial class DataItem2
{
    [DataMember(Name = "name", IsRequired = true)] public string Name;
    [DataMember(Name = "sepal length (cm)", IsRequired = true)] public double SepalLengthCm;
}

[DataContract]
public partial class Request2
{
    [DataMember(Name = "data", IsRequired = true)] public DataItem2[] Data;
    [DataMember(Name = "flag", IsRequired = true)] public bool Flag;
}

public sealed class IrisClient : IDisposable
{
    const string ScoringUri = "https://iris.westeurope.inference.ml.azure.com/score";
    static readonly string Deployment = null; // null: the endpoint's traffic decides

    public const string Example = "{\"data\": [{\"name\": \"a\", \"sepal length (cm)\": 5.1}], \"flag\": true}";
    static readonly XElement RequestSchema = Json.Parse(Encoding.UTF8.GetBytes(
        "{\n  \"type\": \"object\",\n  \"properties\": {\n    \"data\": {\n      \"type\": \"array\",\n      \"items\": {\n        \"type\": \"object\",\n        \"properties\": {\"name\": {\"type\": \"string\"}, \"sepal length (cm)\": {\"type\": \"number\"}},\n        \"required\": [\"name\", \"sepal length (cm)\"]\n      }\n    },\n    \"flag\": {\"type\": \"boolean\"}\n  },\n  \"required\": [\"data\", \"flag\"]\n}"));

    readonly HttpClient http = new HttpClient(new RetryHandler());

    public void Dispose()
    {
        http.Dispose();
    }

    /// <summary>Send a request; return the answer as JSON.</summary>
    public Task<string> ScoreAsync(Request request)
    {
        return SendAsync(Json.Write(request));
    }

    /// <summary>Send a request that is written as JSON; return the answer as JSON.</summary>
    public async Task<string> SendAsync(byte[] json)
    {
        Schema.Check(Json.Parse(json), RequestSchema, "body");
        var request = new HttpRequestMessage(HttpMethod.Post, ScoringUri) { Content = Json.Body(json) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await SecretAsync());
        if (Deployment != null) request.Headers.Add("azureml-model-deployment", Deployment);
        using (var answer = await http.SendAsync(request)) return await answer.Content.ReadAsStringAsync();
    }

    static Task<string> SecretAsync()
    {
        var key = Environment.GetEnvironmentVariable("AZUREML_ENDPOINT_KEY");
        if (string.IsNullOrEmpty(key)) throw new EndpointException("AZUREML_ENDPOINT_KEY is not set. " + "The key was refused; it may be an old one. Set AZUREML_ENDPOINT_KEY to the present one: az ml online-endpoint get-credentials --name iris");
        return Task.FromResult(key);
    }
}

/// <summary>Refuses a value that does not fit the schema, and names the field.</summary>
static class Schema
{
    public static void Check(XElement value, XElement schema, string place)
    {
        if ((string)schema == "false" && !schema.HasElements) throw new EndpointException($"{place} is not known");
        var kind = (string)value.Attribute("type") ?? "string";
        var wanted = (string)schema.Element("type");
        var whole = kind == "number" && double.Parse(value.Value, CultureInfo.InvariantCulture) % 1 == 0;
        if (wanted != null && kind != wanted && !(wanted == "integer" && whole))
            throw new EndpointException($"{place} must be of the type {wanted}, not {value.Value}");
        var choices = schema.Elements("enum").Elements().Select(choice => choice.Value).ToList();
        if (choices.Count > 0 && !choices.Contains(value.Value))
            throw new EndpointException($"{place} must be one of {string.Join(", ", choices)}, not {value.Value}");
        var least = (double?)schema.Element("minimum") ?? double.NegativeInfinity;
        var most = (double?)schema.Element("maximum") ?? double.PositiveInfinity;
        if (kind == "number" && ((double)value < least || (double)value > most))
            throw new EndpointException($"{place} must be from {least} to {most}, not {value.Value}");
        if (kind == "object")
        {
            foreach (var name in schema.Elements("required").Elements())
                if (value.Elements().All(each => Json.NameOf(each) != name.Value))
                    throw new EndpointException($"{place}.{name.Value} is missing");
            foreach (var each in value.Elements())
            {
                var known = schema.Elements("properties").Elements().FirstOrDefault(one => Json.NameOf(one) == Json.NameOf(each));
                Check(each, known ?? schema.Element("additionalProperties") ?? new XElement("any"), $"{place}.{Json.NameOf(each)}");
            }
        }
        if (kind == "array")
            foreach (var each in value.Elements().Select((item, index) => new { item, index }))
                Check(each.item, schema.Element("items") ?? new XElement("any"), $"{place}[{each.index}]");
    }
}

/// <summary>The service refused, or the job failed; the message says why and what to do.</summary>
public class EndpointException : Exception
{
    public EndpointException(string message) : base(message)
    {
    }
}

/// <summary>Sends a request again after 429 and 503, no sooner than Retry-After says; throws when it is refused.</summary>
public class RetryHandler : DelegatingHandler
{
    /// <summary>How to wait; tests put something quicker here.</summary>
    public static Func<TimeSpan, Task> Delay = Task.Delay;

    static readonly Dictionary<int, string> Hints = new Dictionary<int, string>
    {
        [401] = "The key was refused; it may be an old one. Set AZUREML_ENDPOINT_KEY to the present one: az ml online-endpoint get-credentials --name iris",
        [403] = "The one who is signed in may not score with this endpoint.",
        [404] = "The endpoint iris has no such deployment, or none with traffic.",
        [408] = "Scoring took longer than the deployment's request_timeout: send less at once, or allow it more time.",
        [413] = "The body is too large: send less at once.",
        [424] = "The model's own code failed; its log says why: az ml online-deployment get-logs --endpoint-name iris",
        [429] = "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
        [503] = "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
    };

    public RetryHandler() : base(new HttpClientHandler())
    {
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await base.SendAsync(request, cancel);
            if (answer.IsSuccessStatusCode) return answer;
            var busy = (int)answer.StatusCode == 429 || (int)answer.StatusCode == 503;
            if (!busy || attempt == 6) throw new EndpointException(await RefusalAsync(answer));
            await Delay(RetryAfter(answer) ?? TimeSpan.FromSeconds(Math.Pow(2, attempt)));
            answer.Dispose();
        }
    }

    /// <summary>How long an answer asks to wait, if it does.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage answer)
    {
        var asked = answer.Headers.RetryAfter;
        var pause = asked?.Delta ?? asked?.Date - DateTimeOffset.UtcNow;
        return pause < TimeSpan.Zero ? TimeSpan.Zero : pause;
    }

    static async Task<string> RefusalAsync(HttpResponseMessage answer)
    {
        var message = await answer.Content.ReadAsStringAsync();
        try
        {
            var body = await Json.ReadAsync(answer);
            var error = body.Element("error")?.Element("code") != null ? body.Element("error") : body;
            if (body.Element("error_description") != null) message = body.Element("error_description").Value;
            else if (error.Element("code") != null) message = $"{error.Element("code").Value}: {error.Element("message").Value}";
        }
        catch (XmlException)
        {
            // Not JSON: the text itself.
        }
        Func<string, string> of = name => answer.Headers.Contains(name) ? answer.Headers.GetValues(name).First() : null;
        var model = of("ms-azureml-model-error-statuscode");
        if (model != null) message += $" (the model's status {model}: {of("ms-azureml-model-error-reason")})";
        string hint;
        Hints.TryGetValue((int)answer.StatusCode, out hint);
        var request = answer.Headers.Contains("x-ms-request-id") ? answer.Headers.GetValues("x-ms-request-id").First() : "none";
        var place = answer.RequestMessage.RequestUri.GetLeftPart(UriPartial.Path);
        return $"{place}: {(int)answer.StatusCode} {message} (request id {request}). {hint}".Trim();
    }
}

/// <summary>JSON in the form of XML that .NET itself gives it: an element for each member, with its type.</summary>
static class Json
{
    static readonly DataContractJsonSerializerSettings Settings =
        new DataContractJsonSerializerSettings { UseSimpleDictionaryFormat = true };

    public static XElement Parse(byte[] json)
    {
        return XElement.Load(JsonReaderWriterFactory.CreateJsonReader(json, XmlDictionaryReaderQuotas.Max));
    }

    public static async Task<XElement> ReadAsync(HttpResponseMessage answer)
    {
        return Parse(await answer.Content.ReadAsByteArrayAsync());
    }

    public static byte[] Write<T>(T value)
    {
        using (var stream = new MemoryStream())
        {
            new DataContractJsonSerializer(typeof(T), Settings).WriteObject(stream, value);
            return stream.ToArray();
        }
    }

    public static HttpContent Body(byte[] json)
    {
        return new StringContent(Encoding.UTF8.GetString(json), Encoding.UTF8, "application/json");
    }

    public static byte[] Write(XElement json)
    {
        using (var stream = new MemoryStream())
        {
            using (var writer = JsonReaderWriterFactory.CreateJsonWriter(stream)) json.WriteTo(writer);
            return stream.ToArray();
        }
    }

    public static XElement Root(params object[] members)
    {
        return new XElement("root", new XAttribute("type", "object"), members);
    }

    /// <summary>A member that is an object or, where the content is a text, a text.</summary>
    public static XElement Member(string name, params object[] content)
    {
        XNamespace item = "item"; // so that a name need not be one that XML allows
        var kind = content.Length == 1 && content[0] is string ? "string" : "object";
        return new XElement(item + "item", new XAttribute("item", name), new XAttribute("type", kind), content);
    }

    public static string NameOf(XElement member)
    {
        return (string)member.Attribute("item") ?? member.Name.LocalName;
    }
}

public static class Program
{
    public static int Main(string[] arguments)
    {
        try
        {
            RunAsync(arguments).GetAwaiter().GetResult();
            return 0;
        }
        catch (Exception error) when (error is EndpointException || error is HttpRequestException)
        {
            Console.Error.WriteLine("error: " + error.Message);
            return 1;
        }
    }

    static async Task RunAsync(string[] arguments)
    {
        if (arguments.Length > 1) throw new EndpointException("usage: IrisClient [BODY]");
        var body = IrisClient.Example;
        if (arguments.Length == 1) body = arguments[0] == "-" ? Console.In.ReadToEnd() : File.ReadAllText(arguments[0]);
        using (var client = new IrisClient())
            Console.WriteLine(await client.SendAsync(Encoding.UTF8.GetBytes(body)));
    }
}
