using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint;

/// <summary>Everything caissond says, with stable numbers.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "caissond {Version} for '{Endpoint}', server {Server}, QEMU {Qemu}.")]
    public static partial void Started(ILogger log, string version, string endpoint, Uri server, string qemu);

    [LoggerMessage(2, LogLevel.Information, "Accelerator: {Accelerator}. {Reason}")]
    public static partial void Accelerator(ILogger log, string accelerator, string reason);

    [LoggerMessage(3, LogLevel.Warning, "Accelerator: {Accelerator}. {Reason} A managed workspace on a real PC needs KVM.")]
    public static partial void NoKvm(ILogger log, string accelerator, string reason);

    [LoggerMessage(4, LogLevel.Information, "Local page on http://127.0.0.1:{Port}/ — `caissond link` makes a link for it.")]
    public static partial void LocalPage(ILogger log, int port);

    [LoggerMessage(5, LogLevel.Error, "The local page could not be opened on port {Port}: {Reason} The workspaces run all the same; give another port with --local-port.")]
    public static partial void NoLocalPage(ILogger log, int port, string reason);

    [LoggerMessage(10, LogLevel.Information, "New session certificate, good until {NotAfter:u} by the server's clock.")]
    public static partial void Renewed(ILogger log, DateTime notAfter);

    [LoggerMessage(11, LogLevel.Warning, "The server's TLS certificate is not trusted ({Reason}); asking it for a renewal all the same, because that answer is signed by the pinned key.")]
    public static partial void UnverifiedRenewal(ILogger log, string reason);

    [LoggerMessage(12, LogLevel.Warning, "The session certificate could not be renewed: {Reason}")]
    public static partial void RenewalFailed(ILogger log, string reason);

    [LoggerMessage(13, LogLevel.Warning, "No desired state from the server: {Reason} Next try in {Seconds:0.0} s.")]
    public static partial void PollFailed(ILogger log, string reason, double seconds);

    [LoggerMessage(14, LogLevel.Information, "The server is back.")]
    public static partial void ServerBack(ILogger log);

    [LoggerMessage(15, LogLevel.Information, "Desired state {Sequence}: {Workspaces} workspaces, {Orders} orders.")]
    public static partial void DesiredState(ILogger log, long sequence, int workspaces, int orders);

    [LoggerMessage(16, LogLevel.Debug, "A report did not reach the server: {Reason}")]
    public static partial void ReportFailed(ILogger log, string reason);

    [LoggerMessage(17, LogLevel.Error, "The status file could not be written: {Reason} Everything else goes on; it is tried again every two seconds.")]
    public static partial void StatusNotWritten(ILogger log, string reason);

    [LoggerMessage(18, LogLevel.Error, "A step could not be begun: {Reason} It is tried again every second.")]
    public static partial void StepNotBegun(ILogger log, string reason);

    [LoggerMessage(20, LogLevel.Information, "Order {Order} ({Kind}) for {Workspace} is obeyed.")]
    public static partial void OrderAdmitted(ILogger log, string order, string kind, string workspace);

    [LoggerMessage(21, LogLevel.Warning, "Order {Order} ({Kind}) for {Workspace} is refused: {Reason}")]
    public static partial void OrderRefused(ILogger log, string order, string kind, string workspace, string reason);

    [LoggerMessage(22, LogLevel.Warning, "Order {Order} failed: {Reason}")]
    public static partial void OrderFailed(ILogger log, string order, string reason);

    [LoggerMessage(23, LogLevel.Error, "The result of order {Order} could not be written: {Reason} The server is told all the same.")]
    public static partial void ResultNotWritten(ILogger log, string order, string reason);

    [LoggerMessage(30, LogLevel.Information, "{Workspace}: starting from {Generation}.")]
    public static partial void Starting(ILogger log, string workspace, string generation);

    [LoggerMessage(31, LogLevel.Information, "{Workspace}: {State}.")]
    public static partial void StateChanged(ILogger log, string workspace, string state);

    [LoggerMessage(32, LogLevel.Error, "{Workspace}: {Problem}")]
    public static partial void WorkspaceProblem(ILogger log, string workspace, string problem);

    [LoggerMessage(38, LogLevel.Warning, "No systemd runs this PC, so nothing keeps a workspace to its share of processors, memory and disk: one can starve the others.")]
    public static partial void NoLimits(ILogger log);

    [LoggerMessage(36, LogLevel.Information, "{Workspace}: being suspended to disk.")]
    public static partial void Suspending(ILogger log, string workspace);

    [LoggerMessage(37, LogLevel.Warning, "{Workspace}: {Notice}")]
    public static partial void Notice(ILogger log, string workspace, string notice);

    [LoggerMessage(33, LogLevel.Information, "{Workspace}: stopping. {Why}")]
    public static partial void Stopping(ILogger log, string workspace, string why);

    [LoggerMessage(34, LogLevel.Information, "{Workspace}: found again, process {ProcessId}.")]
    public static partial void Adopted(ILogger log, string workspace, int? processId);

    [LoggerMessage(35, LogLevel.Warning, "{Workspace}: the server now calls it {Desired}, but on this PC it is {Kind} and stays so. The change is ignored.")]
    public static partial void KindChanged(ILogger log, string workspace, string desired, string kind);

    [LoggerMessage(36, LogLevel.Information, "{Workspace}: first heartbeat after {Seconds:0.0} s; {Present} of {Whole} image bytes are here.")]
    public static partial void FirstHeartbeat(ILogger log, string workspace, double seconds, long present, long whole);

    [LoggerMessage(37, LogLevel.Warning, "{Workspace}: {Text}")]
    public static partial void StartJudged(ILogger log, string workspace, string text);

    [LoggerMessage(38, LogLevel.Error, "{Workspace}: the picture and serial log of the failed start could not be kept: {Reason}")]
    public static partial void NoEvidence(ILogger log, string workspace, string reason);

    [LoggerMessage(39, LogLevel.Warning, "{Workspace}: evidence {Id} was not taken by the server: {Reason}")]
    public static partial void EvidenceNotTaken(ILogger log, string workspace, string id, string reason);

    [LoggerMessage(40, LogLevel.Information, "Image {Generation}: served; {Present} of {Whole} bytes here.")]
    public static partial void ImageOpen(ILogger log, string generation, long present, long whole);

    [LoggerMessage(41, LogLevel.Information, "Image {Generation}: whole; {WireBytes} bytes came over the wire.")]
    public static partial void ImageComplete(ILogger log, string generation, long wireBytes);

    [LoggerMessage(42, LogLevel.Warning, "Image {Generation}: {Problem}")]
    public static partial void ImageProblem(ILogger log, string generation, string problem);

    [LoggerMessage(43, LogLevel.Information, "Image {Digest}: removed, no workspace needs it.")]
    public static partial void ImageRemoved(ILogger log, string digest);

    [LoggerMessage(44, LogLevel.Information, "Images come from {Sources}; what those lack, from the server.")]
    public static partial void SourcesSet(ILogger log, string sources);

    [LoggerMessage(45, LogLevel.Warning, "The source {Address} is not used: {Reason}.")]
    public static partial void SourceUnusable(ILogger log, Uri address, string reason);

    [LoggerMessage(60, LogLevel.Information, "{Workspace}: moved onto the complete file of {Generation}; nothing stands between the machine and its disk any more.")]
    public static partial void DiskMoved(ILogger log, string workspace, string generation);

    [LoggerMessage(61, LogLevel.Warning, "{Workspace}: the machine could not be moved onto the complete file and stays on NBD until its next start. {Reason}")]
    public static partial void DiskNotMoved(ILogger log, string workspace, string reason);

    [LoggerMessage(62, LogLevel.Information, "Image {Generation}: in which order a start reads {Entries} chunks is known now; the server was told.")]
    public static partial void BootLearned(ILogger log, string generation, int entries);

    [LoggerMessage(63, LogLevel.Debug, "Image {Generation}: the boot profile did not reach the server: {Reason}")]
    public static partial void BootNotSent(ILogger log, string generation, string reason);

    [LoggerMessage(64, LogLevel.Information, "Image {Generation}: {Bytes} bytes were compared after the power went off; {Damaged} chunks were damaged.")]
    public static partial void ImageCompared(ILogger log, string generation, long bytes, int damaged);

    [LoggerMessage(65, LogLevel.Information, "Appliance {Generation}: whole, and offered for the spare slot.")]
    public static partial void ApplianceOffered(ILogger log, string generation);

    [LoggerMessage(53, LogLevel.Information, "The page for the person at this PC is on the socket {Socket}; no port is open.")]
    public static partial void PageSocket(ILogger log, string socket);

    [LoggerMessage(50, LogLevel.Information, "Leaving; the machines go on.")]
    public static partial void LeavingRunning(ILogger log);

    [LoggerMessage(51, LogLevel.Information, "Leaving; stopping {Count} machines first.")]
    public static partial void StoppingAll(ILogger log, int count);

    [LoggerMessage(52, LogLevel.Debug, "A screenshot of {Workspace} was not sent: {Reason}")]
    public static partial void ScreenshotFailed(ILogger log, string workspace, string reason);
}
