using Caisson.Protocol;
using Caisson.Qmp;

namespace Caisson.Machines;

/// <summary>The owner's other half: what people ask. What happens by itself, and the state machine, is in MachineOwner.cs.</summary>
internal sealed partial class MachineOwner
{
    /// <summary>Bytes of a PNG; 4K of noise has more, a desktop far less.</summary>
    private const long LargestPicture = 8 << 20;

    /// <summary>Bytes of a PPM: 8K.</summary>
    private const long LargestPlainPicture = 7680L * 4320 * 3 + 64;

    private async Task TakeRequestAsync(MachineRequest request)
    {
        var admission = AdmissionRules.Decide(Status.Current.State, request.Kind);
        if (admission is Admission.AlreadySo)
        {
            request.Answer.TrySetResult([]);
            return;
        }

        if (admission is not Admission.Admitted)
        {
            request.Answer.TrySetException(new MachineException(MachineError.Denied, AdmissionRules.Explain(admission, Spec, request.Kind)));
            return;
        }

        try
        {
            await ObeyAsync(request);
        }
        catch (QmpException e)
        {
            request.Answer.TrySetException(new MachineException(MachineError.CommandFailed, $"{request.Kind} of workspace {Spec.Id} failed: {e.Message}", e));
        }
        catch (Exception e) when (e is MachineException or IOException or UnauthorizedAccessException)
        {
            request.Answer.TrySetException(e);
        }
        catch (OperationCanceledException)
        {
            // Closing: whoever asked must not wait for ever.
            request.Answer.TrySetException(LetGo());
            throw;
        }
    }

    private async Task ObeyAsync(MachineRequest request)
    {
        switch (request)
        {
            case MachineRequest.Start:
                await LaunchAsync(request);
                return;
            case MachineRequest.Restart restart when _run is null:
                Spec = restart.Next ?? Spec;
                await LaunchAsync(restart);
                return;
            case MachineRequest.Restart restart:
                BeginStop(new StopInProgress(restart.Mode, _time.GetUtcNow(), restart.Grace) { Restart = restart });
                return;
            case MachineRequest.Stop stop when _stop is null:
                BeginStop(new StopInProgress(stop.Mode, _time.GetUtcNow(), stop.Grace));
                _stop!.Add(stop);
                return;
            case MachineRequest.Stop stop:
                _stop.Join(stop, _time.GetUtcNow());
                return;
            case MachineRequest.Suspend:
                await BeginSuspendAsync(request);
                return;
            case MachineRequest.Screenshot:
                request.Answer.TrySetResult(await TakePictureAsync(QmpCommands.ScreenDumpAsync, LargestPicture));
                return;
            case MachineRequest.Look:
                RefuseIfPersonal();
                request.Answer.TrySetResult(await TakePictureAsync(QmpCommands.ScreenDumpPlainAsync, LargestPlainPicture));
                return;
            case MachineRequest.MoveOsDisk move:
                await MoveOsDiskAsync(move.To);
                break;
        }

        request.Answer.TrySetResult([]);
    }

    private async Task LaunchAsync(MachineRequest request)
    {
        _sawShutdown = false;
        Publish(new MachineStatus { State = WorkspaceState.Starting, StartedAt = _time.GetUtcNow() });
        try
        {
            var (saved, notice) = TakeSuspension();
            _run = await _launch.StartAsync(Spec, resumes: saved is not null, _closing.Token);
            _record = MachineRecord.Load(Paths);
            Publish(Status.Current with { StartedAt = _record?.StartedAt ?? Status.Current.StartedAt, ProcessId = _run.Process.Pid, Notice = notice });
            if (saved is not null)
            {
                Suspension.Drop(Paths); // Durably, before the first instruction: from here on its disks grow newer.
            }

            await CommandAsync(QmpCommands.ContinueAsync);
            if (saved is not null)
            {
                TryRelease();
            }

            Publish(Status.Current with { State = WorkspaceState.Running });
            request.Answer.TrySetResult([]);
        }
        catch (Exception e) when (e is MachineException or QmpException or IOException or UnauthorizedAccessException)
        {
            _run?.Process.Kill();
            var failure = e as MachineException ?? new MachineException(MachineError.StartFailed, $"Workspace {Spec.Id} did not start: {e.Message}", e);
            Publish(Status.Current with { State = Suspension.Load(Paths) is null ? WorkspaceState.Failed : WorkspaceState.Suspended, Problem = failure.Message });
            request.Answer.TrySetException(failure);
        }
    }

    private void SaveRecord()
    {
        try
        {
            _record?.Save(Paths);
        }
        catch (IOException)
        {
            // A full disk must not cost the driver; an adopter then takes the next heartbeat for the first.
        }
    }

    private void BeginStop(StopInProgress stop)
    {
        _stop = stop;
        Publish(Status.Current with { State = WorkspaceState.Stopping });
    }

    /// <summary>The guest was asked and did not shut down: it runs on, and whoever asked is told.</summary>
    private void GiveUpStop(StopInProgress stop)
    {
        _stop = null;
        Publish(Status.Current with { State = _hold is null ? WorkspaceState.Running : WorkspaceState.WaitingForDisk });
        stop.Fail(new MachineException(MachineError.NotShutDown, $"Workspace {Spec.Id} was asked to shut down and did not; it runs on. Something in it may wait for an answer, such as a document that is not saved."));
    }

    private void RefuseIfPersonal()
    {
        if (Spec.Kind == WorkspaceKind.Personal)
        {
            throw new MachineException(MachineError.Denied, $"Workspace {Spec.Id} is personal; nothing of its screen is looked at.");
        }
    }

    /// <summary>Kept beside the serial log, for whoever asks why. A picture that fails is none: the machine is given up all the same.</summary>
    private async Task KeepLastScreenAsync()
    {
        try
        {
            if (Spec.Kind != WorkspaceKind.Personal)
            {
                AtomicFile.Write(Paths.LastScreen, await TakePictureAsync(QmpCommands.ScreenDumpAsync, LargestPicture));
            }
        }
        catch (Exception e) when (e is QmpException or MachineException or IOException)
        {
            // No picture is worse than the sentence that goes without it; the launch has removed any older one.
        }
    }

    private async Task<byte[]> TakePictureAsync(Func<QmpClient, string, CancellationToken, Task> dump, long most)
    {
        File.Delete(Paths.Screenshot);
        try
        {
            await CommandAsync((qmp, cancellation) => dump(qmp, Paths.Screenshot, cancellation));
            return await ReadPictureAsync(Paths.Screenshot, most, _closing.Token);
        }
        finally
        {
            File.Delete(Paths.Screenshot);
        }
    }

    /// <summary>The guest chooses the size of its screen, so what it makes this process hold is bounded here.</summary>
    internal static async Task<byte[]> ReadPictureAsync(string path, long most, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(path);
        var length = file.Length;
        if (length > most)
        {
            throw new MachineException(MachineError.CommandFailed, $"The picture of the screen has {length} bytes, and at most {most} are taken. Choose a smaller screen in the guest.");
        }

        var picture = new byte[length];
        await file.ReadExactlyAsync(picture, cancellation);
        return picture;
    }

    /// <summary>
    /// Puts another base under the os volume while the guest runs: the new node is added, the os node is reopened over it (QEMU drains the
    /// guest's requests around that), the old node is deleted. Whatever QEMU refuses, the guest goes on over the base it has. Done again after
    /// a crash in the middle, it finishes what was begun.
    /// </summary>
    private async Task MoveOsDiskAsync(OsBase to)
    {
        if (Spec.OsBase is null)
        {
            throw new MachineException(MachineError.CommandFailed, $"Workspace {Spec.Id} has no os disk that could be moved.");
        }

        var from = _record?.OsBaseNode ?? Disks.OsBaseNode;
        var node = Disks.NextBaseNode(from);
        if ((await NodesAsync()).Contains(node) && !await TryDropNodeAsync(node))
        {
            // A crash came between the reopen and the record: the os volume stands on it already.
            (from, node) = (node, from);
            await TryDropNodeAsync(node);
        }

        await CommandAsync((qmp, cancellation) => qmp.BlockdevAddAsync(Disks.BaseNode(to, node), cancellation));
        try
        {
            await CommandAsync((qmp, cancellation) => qmp.BlockdevReopenAsync(Disks.OsOver(node), cancellation));
        }
        catch (QmpException)
        {
            await TryDropNodeAsync(node);
            throw;
        }

        Spec = Spec with { OsBase = to };
        _record = _record is null ? null : _record with { Spec = Spec, OsBaseNode = node };
        SaveRecord();
        await TryDropNodeAsync(from);
    }

    private async Task<HashSet<string>> NodesAsync()
    {
        HashSet<string> nodes = [];
        await CommandAsync(async (qmp, cancellation) => nodes = await qmp.NamedBlockNodesAsync(cancellation));
        return nodes;
    }

    /// <summary>QEMU deletes no node that something stands on. False: it did not.</summary>
    private async Task<bool> TryDropNodeAsync(string node)
    {
        try
        {
            foreach (var name in (string[])[node, Disks.FileBelow(node)])
            {
                if ((await NodesAsync()).Contains(name))
                {
                    await CommandAsync((qmp, cancellation) => qmp.BlockdevDeleteAsync(name, cancellation));
                }
            }

            return true;
        }
        catch (QmpException e) when (e.Class == QmpErrorClass.Refused)
        {
            return false;
        }
    }
}
