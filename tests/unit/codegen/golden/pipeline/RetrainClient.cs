// Client of the pipeline endpoint retrain: start a job, wait for it, fetch its results.
//
//     RetrainClient FOLDER data=DATA [base=DATA] [rate=VALUE] [rounds=VALUE] [kernel=VALUE] [quick=VALUE]
//
// Data are given by their address: azureml://datastores/NAME/paths/PATH, azureml:NAME:VERSION or https://…; other values
// as in JSON. What the pipeline gives is saved in FOLDER.
//
// With .NET, put this file into a console project and `dotnet run`; with Mono:
//     mcs -r:System.Net.Http -r:System.Runtime.Serialization -r:System.Xml.Linq RetrainClient.cs
// It signs in as the service principal that AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET name, else as
// whoever `az login` signed in.

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
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

// What the pipeline takes: Inputs.
[DataContract]
public partial class Inputs
{
    // UriFolder
    [DataMember(Name = "data", IsRequired = true)] public string Data;
    // CustomModel
    [DataMember(Name = "base", EmitDefaultValue = false)] public string Base;
    // default 0.5
    [DataMember(Name = "rate", EmitDefaultValue = false)] public double? Rate;
    // default 3
    [DataMember(Name = "rounds", EmitDefaultValue = false)] public long? Rounds;
    [DataMember(Name = "kernel", EmitDefaultValue = false)] public string Kernel;
    // default true
    [DataMember(Name = "quick", EmitDefaultValue = false)] public bool? Quick;
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

public sealed class RetrainClient : IDisposable
{
    const string ScoringUri = "https://retrain.westeurope.inference.ml.azure.com/jobs";
    static readonly string Deployment = null; // null: the endpoint's default
    const string WorkspaceId = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/digits/providers/Microsoft.MachineLearningServices/workspaces/digits";
    const string ApiVersion = "2024-04-01";
    const string Arm = "https://management.azure.com";
    const string Api = "https://westeurope.api.azureml.ms";
    const string Datastore = "workspaceblobstore"; // where results are written
    const string ArmAudience = "https://management.azure.com";
    const string MlAudience = "https://ml.azure.com";

    readonly HttpClient http = new HttpClient(new RetryHandler());
    readonly Tokens tokens;

    public RetrainClient()
    {
        tokens = new Tokens(http);
    }

    public void Dispose()
    {
        http.Dispose();
    }

    static readonly Dictionary<string, string> KindsOfInputs = new Dictionary<string, string>
    {
        ["data"] = "UriFolder",
        ["base"] = "CustomModel",
        ["rate"] = "Literal",
        ["rounds"] = "Literal",
        ["kernel"] = "Literal",
        ["quick"] = "Literal",
    };

    static readonly Dictionary<string, string> Outputs = new Dictionary<string, string>
    {
        ["model"] = "MLFlowModel",
        ["report"] = "UriFile",
    };

    public static readonly XElement InputsSchema = Json.Parse(Encoding.UTF8.GetBytes(
        "{\n  \"type\": \"object\",\n  \"properties\": {\n    \"data\": {\"type\": \"string\"},\n    \"base\": {\"type\": \"string\"},\n    \"rate\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1},\n    \"rounds\": {\"type\": \"integer\"},\n    \"kernel\": {\"type\": \"string\", \"enum\": [\"linear\", \"poly\"]},\n    \"quick\": {\"type\": \"boolean\"}\n  },\n  \"required\": [\"data\"],\n  \"additionalProperties\": false\n}"));

    /// <summary>Start a job; return its name.</summary>
    public Task<string> StartAsync(Inputs inputs)
    {
        return StartAsync(Json.Parse(Json.Write(inputs)));
    }

    /// <summary>Start a job with inputs as JSON; return its name.</summary>
    public async Task<string> StartAsync(XElement inputs)
    {
        Schema.Check(inputs, InputsSchema, "inputs");
        var once = Guid.NewGuid().ToString();
        var place = $"{WorkspaceId}/datastores/{Datastore}/paths/azureml/{once}";
        var data = inputs.Elements().Select(input =>
        {
            var kind = KindsOfInputs[Json.NameOf(input)];
            var value = new XElement(kind == "Literal" ? "value" : "uri", input.Attribute("type"), input.Value);
            return Json.Member(Json.NameOf(input), Json.Member("jobInputType", kind), value);
        });
        var made = Outputs.Select(output =>
            Json.Member(output.Key, Json.Member("jobOutputType", output.Value), Json.Member("uri", $"{place}/{output.Key}")));
        var body = Json.Root(Json.Member("properties", Json.Member("inputData", data), Json.Member("outputData", made)));
        using (var answer = await SendAsync(HttpMethod.Post, ScoringUri, MlAudience, request =>
        {
            request.Headers.Add("repeatability_request-id", once);
            if (Deployment != null) request.Headers.Add("azureml-model-deployment", Deployment);
            request.Content = Json.Body(Json.Write(body));
        }))
            return (await Json.ReadAsync(answer)).Element("name").Value;
    }

    /// <summary>Wait until a job has ended; return it when it has completed.</summary>
    public async Task<XElement> WaitAsync(string job)
    {
        while (true)
        {
            using (var answer = await SendAsync(HttpMethod.Get, $"{ScoringUri}/{job}", MlAudience))
            {
                var found = await Json.ReadAsync(answer);
                var status = found.Element("properties").Element("status").Value;
                if (status == "Completed") return found;
                if (status == "Failed" || status == "Canceled")
                    throw new EndpointException($"Job {job} is {status}. {await ReasonAsync(job)}");
                await RetryHandler.Delay(RetryHandler.RetryAfter(answer) ?? TimeSpan.FromSeconds(5));
            }
        }
    }

    /// <summary>Save what a completed job wrote into a folder; return the files.</summary>
    public async Task<List<string>> ResultsAsync(XElement job, string folder)
    {
        var saved = new List<string>();
        foreach (var output in job.Element("properties").Elements("outputData").Elements())
        {
            var place = Regex.Match(output.Element("uri").Value, "datastores/([^/]+)/paths/(.+?)/*$");
            var path = place.Groups[2].Value;
            var container = await OpenAsync(place.Groups[1].Value);
            foreach (var blob in await ListAsync(container, path))
            {
                var parts = blob.Substring(path.Length).Split('/').Where(part => part != "" && part != "..").ToArray();
                var file = Path.Combine(folder, Json.NameOf(output), Path.Combine(parts));
                Directory.CreateDirectory(Path.GetDirectoryName(file));
                var address = "/" + string.Join("/", blob.Split('/').Select(Uri.EscapeDataString));
                using (var answer = await container.GetAsync(address, ""))
                using (var target = File.Create(file))
                    await answer.Content.CopyToAsync(target);
                saved.Add(file);
            }
        }
        return saved;
    }

    async Task<Container> OpenAsync(string datastore)
    {
        var at = $"{Arm}{WorkspaceId}/datastores/{datastore}";
        var store = (await ReadAsync(HttpMethod.Get, $"{at}?api-version={ApiVersion}")).Element("properties");
        var secrets = await ReadAsync(HttpMethod.Post, $"{at}/listSecrets?api-version={ApiVersion}");
        Func<string, string> of = name => store.Element(name).Value;
        var url = $"{of("protocol")}://{of("accountName")}.blob.{of("endpoint")}/{of("containerName")}";
        return new Container(http, tokens, url, (string)secrets.Element("sasToken"));
    }

    /// <summary>The blobs of an output: one, or all of a folder.</summary>
    async Task<List<string>> ListAsync(Container container, string path)
    {
        var names = new List<string>();
        var marker = "";
        do
        {
            var asked = $"restype=container&comp=list&prefix={Uri.EscapeDataString(path)}&marker={marker}";
            using (var answer = await container.GetAsync("", asked))
            {
                var listing = XElement.Load(await answer.Content.ReadAsStreamAsync());
                names.AddRange(listing.Descendants("Name").Select(name => name.Value));
                marker = (string)listing.Element("NextMarker") ?? "";
            }
        } while (marker != "");
        return names.Where(name => name == path || name.StartsWith(path + "/")).ToList();
    }

    async Task<string> ReasonAsync(string job)
    {
        var details = await ReadAsync(HttpMethod.Get, $"{Api}/history/v1.0{WorkspaceId}/runs/{job}/details");
        var message = details.Elements("error").Elements("error").Elements("message").FirstOrDefault();
        return (string)message ?? "Its logs say why.";
    }

    async Task<XElement> ReadAsync(HttpMethod method, string url)
    {
        using (var answer = await SendAsync(method, url, ArmAudience)) return await Json.ReadAsync(answer);
    }

    async Task<HttpResponseMessage> SendAsync(HttpMethod method, string url, string audience, Action<HttpRequestMessage> with = null)
    {
        var request = new HttpRequestMessage(method, url);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await tokens.GetAsync(audience));
        with?.Invoke(request);
        return await http.SendAsync(request);
    }
}

/// <summary>A datastore's container, read with its signature if it has one.</summary>
class Container
{
    readonly HttpClient http;
    readonly Tokens tokens;
    readonly string url, signature;

    public Container(HttpClient http, Tokens tokens, string url, string signature)
    {
        this.http = http;
        this.tokens = tokens;
        this.url = url;
        this.signature = signature;
    }

    public async Task<HttpResponseMessage> GetAsync(string path, string query)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"{url}{path}?{query}&{signature}");
        if (signature != null) return await http.SendAsync(request);
        var token = await tokens.GetAsync("https://storage.azure.com");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("x-ms-version", "2021-12-02");
        return await http.SendAsync(request);
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
        [401] = "The token was refused: sign in again, to the tenant of the workspace.",
        [403] = "The one who is signed in may not do this: it takes the role AzureML Data Scientist or a higher one.",
        [404] = "The endpoint retrain, its deployment or the job is not there: see the endpoint in the workspace.",
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

/// <summary>Tokens for audiences, each used for a few minutes.</summary>
class Tokens
{
    readonly HttpClient http;
    readonly Dictionary<string, Tuple<string, DateTime>> known = new Dictionary<string, Tuple<string, DateTime>>();

    public Tokens(HttpClient http)
    {
        this.http = http;
    }

    public async Task<string> GetAsync(string audience)
    {
        Tuple<string, DateTime> found;
        if (!known.TryGetValue(audience, out found) || found.Item2 < DateTime.UtcNow)
            known[audience] = found = Tuple.Create(await NewAsync(audience), DateTime.UtcNow.AddMinutes(4));
        return found.Item1;
    }

    async Task<string> NewAsync(string audience)
    {
        Func<string, string> of = Environment.GetEnvironmentVariable;
        if (string.IsNullOrEmpty(of("AZURE_CLIENT_SECRET"))) return OfAzureCli(audience);
        var authority = of("AZURE_AUTHORITY_HOST") ?? "https://login.microsoftonline.com";
        var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = of("AZURE_CLIENT_ID"),
            ["client_secret"] = of("AZURE_CLIENT_SECRET"),
            ["scope"] = audience + "/.default",
        });
        using (var answer = await http.PostAsync($"{authority}/{of("AZURE_TENANT_ID")}/oauth2/v2.0/token", form))
            return (await Json.ReadAsync(answer)).Element("access_token").Value;
    }

    static string OfAzureCli(string audience)
    {
        var asked = $"account get-access-token --resource {audience} --query accessToken --output tsv";
        var start = new ProcessStartInfo("az", asked) { RedirectStandardOutput = true, UseShellExecute = false };
        using (var process = Process.Start(start))
        {
            var token = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            if (process.ExitCode != 0) throw new EndpointException("No sign-in: `az login`, or set AZURE_CLIENT_SECRET.");
            return token;
        }
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
        if (arguments.Length == 0 || arguments[0].Contains("="))
            throw new EndpointException("usage: RetrainClient FOLDER " + "data=DATA [base=DATA] [rate=VALUE] [rounds=VALUE] [kernel=VALUE] [quick=VALUE]");
        using (var client = new RetrainClient())
        {
            var job = await client.StartAsync(Json.Root(arguments.Skip(1).Select(Given)));
            Console.WriteLine("started " + job);
            foreach (var file in await client.ResultsAsync(await client.WaitAsync(job), arguments[0]))
                Console.WriteLine("saved " + file);
        }
    }

    /// <summary>The input of an argument NAME=VALUE; a value that is no text is written as in JSON.</summary>
    static XElement Given(string argument)
    {
        var cut = argument.IndexOf('=');
        string name = argument.Substring(0, Math.Max(cut, 0)), text = argument.Substring(cut + 1);
        var known = RetrainClient.InputsSchema.Elements("properties").Elements().FirstOrDefault(each => Json.NameOf(each) == name);
        if (known != null && (string)known.Element("type") == "string") return Json.Member(name, text);
        try
        {
            var value = Json.Parse(Encoding.UTF8.GetBytes(text));
            var member = Json.Member(name, value.Value);
            member.SetAttributeValue("type", (string)value.Attribute("type"));
            return member;
        }
        catch (XmlException)
        {
            return Json.Member(name, text); // the check tells what is wrong with it
        }
    }
}
